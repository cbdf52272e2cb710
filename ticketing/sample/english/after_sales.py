"""English texts for the after_sales department.

They are customer sentences and human agents' replies about broken, wrong and returned goods.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "repair": Wording(
        subjects=lines("""
            Broken {product}
            Repair
            It stopped working
            {product} dead
            Warranty
        """),
        stories=lines("""
            It does not switch on any more.
            It makes a grinding noise and then stops.
            The battery is empty after ten minutes.
            One of the buttons no longer reacts.
            The {product} worked well until Tuesday, and since then nothing happens.
            The display shows an error and stays dark.
            Charging takes a whole night and lasts for an hour.
        """),
        age_sentences=lines("""
            I bought it {age} ago.
            It is {age} old.
            I have had it for {age}.
            The {product} was delivered {age} ago.
        """),
        requests=lines("""
            I want it repaired, not a refund.
            How do I get it repaired?
            Where do I send it for repair?
            Is this covered by the warranty?
            Can somebody mend it?
            What would a repair cost me?
        """),
        one_line_tickets=lines("""
            {product} dead, warranty?
            how do i get my {product} repaired
            It wont switch on anymore, can you fix it?
            Battery broken. Repair possible?
            my {product} stopped working
        """),
        topics=("the repair", "the {product} that stopped working", "the warranty for my broken one"),
        already_solved=lines("""
            The repair of my old one went well, by the way.
            The broken one that you repaired works fine now.
            I had a fault with the last one, which your workshop has fixed.
            The battery that was broken has been replaced under warranty already.
        """),
        acknowledgement=lines("""
            I am sorry that your {product} has a fault.
            Sorry to hear about the fault of your {product}.
        """),
        policy={
            "within_730_days": lines("""
                It is within the warranty of 24 months, so the repair is free. Please send it with the label in this e-mail; it takes about 10 days.
                The repair is free within the warranty of 24 months. Use the label in this e-mail; it takes about 10 days.
            """),
            "after_730_days": lines("""
                The warranty of 24 months is over, so our workshop will send you an offer first. Please reply with a short description of the fault.
                Since the warranty of 24 months is over, you get an offer from our workshop first. Please describe the fault in a short reply.
            """),
        },
    ),
    "return_item": Wording(
        subjects=lines("""
            Return
            Send it back
            Not what I need
            Money back please
        """),
        stories=lines("""
            It is not what I expected.
            It does not fit where I wanted to put it.
            I ordered two by mistake.
            The colour does not go with the rest.
            My partner had bought one already.
            The {product} is fine, I just do not need it.
            Nothing is wrong with it, it is simply too big.
        """),
        age_sentences=lines("""
            I got it {age} ago.
            It was delivered {age} ago.
            I have had it here for {age}.
            That was {age} ago.
        """),
        requests=lines("""
            How can I return it?
            I would like to send it back and get my money.
            Please send me a return label.
            What do I have to do to give it back?
            Do you take it back?
        """),
        one_line_tickets=lines("""
            return label please
            how do I return the {product}?
            Want to send it back, dont need it.
            I would like to give the {product} back.
        """),
        topics=("the return", "the {product} that I want to send back", "the return label"),
        already_solved=lines("""
            I sent the other thing back and that is settled.
            The return of my earlier order is done, thanks.
            The return label that I asked for has come.
        """),
        acknowledgement=lines("""
            Thank you for your message about your return.
            I have read that you want to send it back.
        """),
        policy={
            "within_30_days": lines("""
                You are within our 30 days for returns, so you get {sum} back. The return label is attached; please keep the receipt.
                Our 30 days for returns have not passed, so {sum} will be paid back. Please use the attached label and keep the receipt.
            """),
            "after_30_days": lines("""
                Our 30 days for returns are over, so I can only offer a voucher of half the price. Please tell me whether you want it.
                Since the 30 days for returns have passed, a voucher of half the price is all I can offer. Do tell me whether you want it.
            """),
        },
    ),
    "damaged": Wording(
        subjects=lines("""
            Arrived broken
            Damaged
            Cracked {product}
            Scratches
        """),
        stories=lines("""
            The box was crushed, and the {product} in it is cracked.
            It came out of the parcel with a dent as big as my hand.
            The glass was in pieces when I opened the box.
            There are deep scratches all over it, straight out of the packaging.
            One leg was broken off when we unpacked the {product}.
        """),
        case_sentences={
            "replaced": lines("""
                Photos are attached.
                I attach pictures of the damage and of the box.
                See the attached photo.
            """)
        },
        requests=lines("""
            I want one that is whole.
            Please replace the broken one.
            What do I do with the broken one?
            Can I get another one that is not damaged?
            I did not pay the full price for a damaged thing, please exchange it.
        """),
        one_line_tickets=lines("""
            arrived in pieces!!
            {product} was broken when I opened the box
            Came damaged. Please replace.
            got a cracked one, want another
        """),
        topics=("the damage from the transport", "the {product} that came broken", "the exchange of the cracked one"),
        already_solved=lines("""
            The one that arrived damaged has been replaced already.
            The cracked one from the first order was exchanged, thank you.
            You sent me a whole one for the broken one, so that is fine.
        """),
        acknowledgement=lines("""
            I am sorry that your {product} arrived damaged.
            Sorry that the {product} was damaged when it came.
        """),
        policy={
            "photo_needed": lines("""
                Please send us a photo of the damage and one of the box. As soon as we have them, we send you a new one.
                We need a photo of the damage and one of the box. A new one leaves as soon as we have them.
            """),
            "replaced": lines("""
                Thank you for the photos: a new one leaves our warehouse today. You can throw the damaged one away.
                With your photos all is clear, and a new one leaves today. The damaged one can be thrown away.
            """),
        },
    ),
    "wrong_item": Wording(
        subjects=lines("""
            Wrong item
            Not what I ordered
            Mix-up
            This is not mine
        """),
        stories=lines("""
            I ordered a {product}, and something else was in the box.
            The {product} is blue, and I ordered the black one.
            You sent me the small one instead of the large one.
            In the parcel there is somebody else's order.
            The label on the box is right, but the thing in it is another model.
        """),
        case_sentences={
            "money_back": lines("""
                I no longer want the right one, I have bought it elsewhere.
                Please do not send another, I have lost interest in it.
                By now I do not need the right one either.
            """)
        },
        requests=lines("""
            How do we swap the wrong one?
            What do I do with the thing I never ordered?
            Please put this mix-up right.
            How do I get rid of the wrong one?
        """),
        one_line_tickets=lines("""
            you sent the wrong one
            Got somebody elses order??
            Ordered black, got blue. Please swap.
            This is not the {product} that I ordered!
        """),
        topics=("the wrong article", "the mix-up of the two models", "the swap for the right colour"),
        already_solved=lines("""
            The wrong article from last time has been swapped already.
            You sent me the right colour in the end.
            The mix-up with the other model was put right within days.
        """),
        acknowledgement=lines("""
            I am sorry that we sent you the wrong article.
            Sorry for sending you something that you did not order.
        """),
        policy={
            "swapped": lines("""
                The right one leaves our warehouse today. Please give the wrong one to the driver, who brings it.
                We send the right one today. The driver who brings it takes the wrong one back.
            """),
            "money_back": lines("""
                Please send the wrong one back with the attached label. We pay {sum} back as soon as it is on its way.
                The label for sending the wrong one back is attached. As soon as it is on its way, {sum} is paid back.
            """),
        },
    ),
    "hazard": Wording(
        subjects=lines("""
            DANGER
            Smoke!
            It sparks
            Is this safe?
        """),
        stories=lines("""
            There was smoke coming out of the {product}.
            It sparks when I plug it in.
            The {product} gets so hot that the table has a burn mark.
            I felt an electric shock when I touched the case.
            The battery is swollen and smells of chemicals.
        """),
        case_sentences={
            "injured": lines("""
                I have a burn on my hand.
                My son was hurt and had to see a doctor.
                My fingers were numb for an hour, the doctor has written it down.
            """)
        },
        requests=lines("""
            Is it safe to go on using it?
            What should I do with such a dangerous thing now?
            You have to check this before somebody gets hurt.
            Can it catch fire?
        """),
        one_line_tickets=lines("""
            {product} is smoking, help
            my {product} sparks, is that dangerous?
            Electric shock from the {product}!
            battery swollen what now
        """),
        topics=("the smoke from the {product}", "the spark at the plug", "the swollen battery"),
        already_solved=lines("""
            The one that gave off smoke has been taken back and checked.
            The thing with the sparks was solved with a new plug from you.
            You have collected the one with the swollen battery.
        """),
        acknowledgement=lines("""
            Thank you for warning us about the {product}.
            I take your warning about the {product} very seriously.
        """),
        policy={
            "stop_using": lines("""
                Please unplug it and do not use it any more. We will fetch it within 2 days at our cost and have it checked.
                Do not use it any more and keep it unplugged. It will be fetched at our cost within 2 days and checked.
            """),
            "injured": lines("""
                I am very sorry that somebody was hurt; our safety officer will call you today. Please keep it unplugged and do not throw it away.
                Our safety officer will call you today, since somebody was hurt. Keep it unplugged and do not throw it away, please.
            """),
        },
    ),
}
