"""English texts for the logistics department.

They are customer sentences and human agents' replies about late, lost and incomplete parcels.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "parcel_late": Wording(
        subjects=lines("""
            Where is my parcel?
            Still waiting
            Delivery of {order}
            Order has not come
            tracking does not move
        """),
        stories=lines("""
            The parcel was promised for this morning and nothing has come.
            The tracking {tracking} does not move at all.
            It was due on {date2}, but the door bell never rang.
            According to the carrier's page it is still in the depot.
            I took a day off work for the delivery, and nobody came.
            In the morning the page says "out for delivery", in the evening it does not.
            The {product} should have been here by now.
        """),
        age_sentences=lines("""
            I ordered it {age} ago.
            The order is {age} old now.
            It has been {age} since I ordered.
            I placed and paid the order {age} ago.
        """),
        requests=lines("""
            Where is my parcel now?
            Can you find out when it will arrive?
            Please tell me the new delivery date.
            I do not want my money back, I just want it to arrive.
            Could you ask the carrier where it is?
            When can I expect the {product}?
        """),
        one_line_tickets=lines("""
            wheres my parcel??
            Still no parcel. When does it come?
            Where is my {product}? Nothing has arrived.
            Has {order} been lost on the way?
            Parcel late, please check.
            any news on my delivery?
        """),
        topics=("the late parcel", "the parcel that has not come", "the delivery that I am waiting for"),
        already_solved=lines("""
            The parcel came late, but it is here now.
            The lost parcel has turned up, no need to search for it.
            My other delivery was late as well, but it has arrived in the meantime.
            I was waiting for the courier last week; that has been dealt with.
        """),
        acknowledgement=lines("""
            I am sorry that your parcel has not reached you yet.
            Sorry for the wait for your parcel.
        """),
        policy={
            "within_9_days": lines("""
                Delivery takes up to 9 days, so your parcel is still on time. Please write again if it has not come by then.
                A parcel can take 9 days, which have not passed yet. If it does not come by then, please write again.
            """),
            "after_9_days": lines("""
                Our limit of 9 days has passed, so I have asked the carrier to search for it. If it is not found within 2 days, we send a new one free of charge.
                Since the 9 days have passed, the carrier is searching for it. We send a new one for free if it stays lost for 2 days.
            """),
        },
    ),
    "address_change": Wording(
        subjects=lines("""
            Wrong address
            Change of address
            Before you send it
            please redirect
        """),
        stories=lines("""
            I gave you my old address by mistake.
            I have moved and the order will go to the wrong house.
            The street number on the confirmation is wrong.
            The parcel must not go to the office, which is closed.
            I picked the wrong one of two saved addresses when I ordered the {product}.
        """),
        age_sentences=lines("""
            I ordered it {age} ago.
            The order was placed {age} ago.
            That was {age} ago.
        """),
        requests=lines("""
            Please send it to {address} instead.
            Can it go to {address}?
            Could the driver bring it to {address}?
            Please change where it goes before it leaves.
            How can I have the parcel sent to another address?
        """),
        one_line_tickets=lines("""
            wrong delivery address, please change it
            Please send my parcel to {address}.
            Can I still change where my order goes?
            need to redirect my parcel asap
        """),
        topics=("the new delivery address", "the address that the parcel goes to", "the parcel with the wrong address"),
        already_solved=lines("""
            The address for the last order has been corrected already.
            You changed the delivery address in time, that worked.
            I had the other parcel redirected, that went well.
        """),
        acknowledgement=lines("""
            Thank you for telling us about the delivery address.
            I have read what you wrote about the delivery address.
        """),
        policy={
            "within_3_days": lines("""
                Your order has not left our warehouse, so I have changed the address. You will get a new confirmation within the hour.
                I have changed the address, since your order is still in our warehouse. A new confirmation comes within the hour.
            """),
            "after_3_days": lines("""
                Orders leave our warehouse after 3 days, so only the carrier can redirect yours, for 4.90 EUR. Please use the link in the carrier's e-mail.
                Since orders leave us after 3 days, the carrier has to redirect yours for 4.90 EUR. The link is in the carrier's e-mail.
            """),
        },
    ),
    "marked_delivered": Wording(
        subjects=lines("""
            Not delivered!
            Says delivered
            Parcel missing
            I never got it
        """),
        stories=lines("""
            The tracking says delivered, but there is nothing here.
            The page shows a signature that is not mine.
            Supposedly the parcel was handed over on {date2}, while I was at home all day.
            The carrier says it was put in the hall, where nothing is.
            "Delivered to the recipient", says {tracking}. I am the recipient and I have nothing.
        """),
        case_sentences={
            "search": lines("""
                I have asked all the neighbours, nobody has it.
                No neighbour has seen it, and the house was searched from top to bottom.
                The people next door do not have it either, I went and asked.
            """)
        },
        requests=lines("""
            Who signed for my parcel?
            I want a new one or my money back for the lost parcel.
            Please find out where the driver left it.
            What happens now with a parcel that never got here?
            Do I have to pay for a parcel that was given to somebody else?
        """),
        one_line_tickets=lines("""
            tracking says delivered but i have nothing
            Marked as delivered, never got it!
            Who has my parcel? It is marked as delivered.
            Delivered?? Not to me.
        """),
        topics=(
            "the parcel marked as delivered",
            "the signature that is not mine",
            "the parcel given to somebody else",
        ),
        already_solved=lines("""
            The parcel that was marked as delivered was with the neighbour after all.
            Whoever signed for the last parcel has brought it over, so that is solved.
            You replaced the parcel that disappeared, thanks.
        """),
        acknowledgement=lines("""
            I am sorry that a parcel is marked as delivered which you do not have.
            Sorry that you do not have the parcel which is marked as delivered.
        """),
        policy={
            "ask_neighbours": lines("""
                Please ask your neighbours first, because most such parcels are with them. If nobody has it, write again and we start a search.
                Most such parcels are with a neighbour, so please ask there first. Write again if nobody has it, and we start a search.
            """),
            "search": lines("""
                Since your neighbours do not have it, I have started a search. It takes 5 days, and after that we send a new one or pay {sum} back.
                I have started a search, since no neighbour has it. After 5 days we send a new one or pay {sum} back.
            """),
        },
    ),
    "delivery_day": Wording(
        subjects=lines("""
            Not at home
            Delivery date
            Another day?
            Holiday
        """),
        stories=lines("""
            I will be away for two weeks when the parcel comes.
            Nobody is at home before six in the evening.
            The driver comes on the one day on which I can not be here.
            We are going on holiday on {soon}.
            The {product} is heavy, somebody has to be there to carry it in.
        """),
        case_sentences={
            "parcel_shop": lines("""
                I could also fetch it from a parcel shop.
                A shop nearby where I can collect it would do.
                I do not mind picking it up myself somewhere.
            """)
        },
        requests=lines("""
            Can you deliver it later?
            Could the delivery wait until I am back?
            Please bring it on another day.
            Is it possible to choose the day of the delivery?
            Tell the driver not to come this week.
        """),
        one_line_tickets=lines("""
            can you deliver on another day?
            away next week, please hold my parcel
            Not home until evening, can the driver come later?
            Please do not deliver before I am back.
        """),
        topics=("the day of the delivery", "the delivery while I am away", "the time at which the driver comes"),
        already_solved=lines("""
            The driver did come on another day, as I had asked.
            You held the last parcel until I was back, that went well.
            The day of the delivery has been moved, good.
        """),
        acknowledgement=lines("""
            Thank you for telling us when you are at home.
            I have noted when you can not take the parcel.
        """),
        policy={
            "held": lines("""
                The carrier holds your parcel for up to 10 days. Please choose a day with the link in the carrier's e-mail.
                Your parcel can be held for up to 10 days. The link in the carrier's e-mail lets you choose a day.
            """),
            "parcel_shop": lines("""
                I have had your parcel sent to the parcel shop nearest to you. It stays there for 7 days, and you need an identity card.
                Your parcel goes to the nearest parcel shop. Bring an identity card within 7 days.
            """),
        },
    ),
    "missing_item": Wording(
        subjects=lines("""
            Something is missing
            Incomplete
            Only half of it
            Order {order} not complete
        """),
        stories=lines("""
            The box holds the {product}, but not the second thing I ordered.
            Of {count} pieces that I ordered one is not in the parcel.
            The parcel came today and was half empty.
            The delivery note lists the charger, the box has none.
            I unpacked everything twice, and the lid for the {product} is not there.
        """),
        case_sentences={
            "second_parcel": lines("""
                The delivery note speaks of two parcels.
                On the label it says first of two.
                Your e-mail mentioned that it would be sent in two parts.
            """)
        },
        requests=lines("""
            Where is the rest of my order?
            Please send what is missing.
            When do I get the rest of the order?
            I paid for all of it, so please deliver all of it.
        """),
        one_line_tickets=lines("""
            half of my order is missing
            The parcel is incomplete, where is the rest?
            Got the {product} but not the rest of the order.
            one item missing in the box!!
        """),
        topics=("the rest of the order", "the piece missing in the box", "the parcel that was half empty"),
        already_solved=lines("""
            The missing piece came in a second parcel, all complete now.
            The rest of the last order has been sent, thanks.
            What was missing in the box is here by now.
        """),
        acknowledgement=lines("""
            I am sorry that your order did not reach you complete.
            Sorry that something is missing from your order.
        """),
        policy={
            "sent_on": lines("""
                I have asked the warehouse to send what is missing today, free of charge. It takes up to 4 days.
                The warehouse sends what is missing today, free of charge. Allow up to 4 days.
            """),
            "second_parcel": lines("""
                Your order was sent in two parcels, and the second is on its way. Please write again if it is not there in 4 days.
                The second of two parcels is still on its way. If it is not there in 4 days, please write again.
            """),
        },
    ),
}
