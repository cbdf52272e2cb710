"""What the sample shop's English-speaking customers write, and what its agents answer."""

from ticketing.sample.intents import Intent

GREETINGS = ("Hello,", "Hi there,", "Good morning,", "Dear team,", "Hi,", "")
OPENINGS = (
    "I bought the {product} for {amount} on {date}, {days} days ago, order {order}.",
    "This is about order {order}, the {product} for {amount}, ordered {days} days ago.",
    "{days} days ago, on {date}, I ordered a {product} from you ({order}, {amount}).",
    "Order {order}: {product}, {amount}, {days} days old.",
    "I am writing about the {product} ({amount}) of order {order}, which I placed {days} days ago.",
    "My order {order} of {date} was a {product} for {amount}; that is {days} days ago.",
)
FILLERS = (
    "I have been a customer for years.",
    "I looked through your help pages but found nothing that fits.",
    "I wrote through the form last week and only got an automatic answer.",
    "It is a present for my sister.",
    "I use it every day for work.",
    "I know you are busy at this time of the year.",
    "My neighbour ordered the same thing.",
    "I tried the chat first but was disconnected.",
)
CLOSINGS = ("Thanks,\n{short}", "Best regards,\n{name}", "Kind regards\n{name}", "Cheers, {short}", "Thank you.", "")
REPLY_GREETINGS = ("Dear {short},", "Hello {short},", "Hi {short},")
REPLY_GREETINGS_NO_NAME = ("Dear customer,", "Hello,", "Hi,")
# The agent says what the case is, so that the customer sees that the right one was looked at.
CASES = (
    "I have your order before me: {product}, {amount}, {days} days ago.",
    "Your order of {days} days ago was the {product} for {amount}.",
    "I see that you ordered the {product} for {amount} {days} days ago.",
)
REPLY_CLOSINGS = (
    "Kind regards,\nYour {team} team",
    "Best wishes,\nYour {team} team",
    "Thank you for your patience.\nYour {team} team",
)
TEAMS = {
    "logistics": "delivery", "after_sales": "service", "complaint": "customer care", "payment": "billing",
    "account": "account", "product_question": "product",
}  # fmt: skip
NEAR_DUPLICATE = ("I already wrote once, please answer.", "Second try.", "Just making sure you got this.")

# One of two matters is what the customer wants; the words are the same either way round.
TWO_TOPICS = (
    "This time I am not writing about {other}, I am writing about {topic}.",
    "It is {topic} that I need help with, it is not {other}.",
    "I can live with {other}, but I can not wait for {topic}.",
    "I can not wait for {topic}, but I can live with {other}.",
    "Please forget {other} and look after {topic}.",
    "Please look after {topic} and forget {other}.",
    "To me {topic} matters more than {other}.",
    "To me {other} matters less than {topic}.",
    "Instead of {other} please help me with {topic}.",
    "Please help me with {topic} instead of {other}.",
    "Whatever you do about {other}, what I ask for is {topic}.",
    "What I ask for is {topic}, whatever you do about {other}.",
)

INTENTS = (
    Intent(
        "logistics",
        ("Where is my parcel?", "Delivery of {order}", "Still waiting", "Order {order}", "Question about my order"),
        (
            "The parcel was promised for last week and nothing has come.",
            "The tracking {tracking} has not moved for {count} days.",
            "It was due on {date2}, but the door bell never rang.",
            "According to the carrier's page it is still in the depot.",
            "It left your warehouse {count} days ago and I have not seen it since.",
        ),
        (
            "Where is it now?",
            "Can you find out when it will arrive?",
            "Please tell me the new delivery date.",
            "I do not want my money back, I just want it to arrive.",
            "Could you ask the carrier what happened?",
        ),
        ("The parcel came late, but it is here now.", "The lost parcel has turned up, no need to search for it."),
        (
            "I am sorry that your {product} from order {order} has not reached you yet.",
            "Sorry for the wait for your {product}, order {order}.",
            "I understand that you are waiting for the {product} of order {order}.",
        ),
        {
            "within": (
                "Standard delivery takes up to 7 working days, so the parcel is still within its time.",
                "Delivery can take 7 working days, which have not passed yet.",
            ),
            "after": (
                "Our limit of 7 working days has passed, so I have opened a search with the carrier today.",
                "Since 7 working days have passed, I have asked the carrier to search for it.",
            ),
        },
        (
            "You will hear from us within 2 days, and if it is not found we send a new one free of charge.",
            "We will write within 2 days and replace it for free if it stays lost.",
        ),
        days=9,
        topic="the late parcel",
    ),
    Intent(
        "logistics",
        ("Wrong address", "Change of address", "Order {order}", "Before you send it"),
        (
            "I gave you my old address by mistake.",
            "I have moved and the order will go to the wrong house.",
            "The street number on the confirmation is wrong.",
            "I will not be at home that week.",
        ),
        (
            "Please send it to {address} instead.",
            "Can it go to {address}?",
            "Could the driver bring it to {address}?",
            "Please change where it goes before it leaves.",
        ),
        ("The address for the last order has been corrected already.", "You changed the address in time, that worked."),
        (
            "Thank you for telling us about the address for order {order}.",
            "I have looked at the address of your order {order}.",
        ),
        {
            "within": (
                "The {product} has not left our warehouse, so I have changed the address for you.",
                "I have changed the address, since the {product} is still in our warehouse.",
            ),
            "after": (
                "The {product} has left our warehouse, so only the carrier can redirect it, which costs 4.90.",
                "Since the {product} is on its way, the carrier has to redirect it for 4.90.",
            ),
        },
        (
            "You will get a new confirmation by e-mail within the hour.",
            "A new confirmation is on its way to your e-mail.",
        ),
        days=3,
        topic="the new delivery address",
    ),
    Intent(
        "after_sales",
        ("Broken {product}", "Repair", "{product}", "Order {order}", "It stopped working"),
        (
            "After {count} weeks it does not switch on any more.",
            "It makes a grinding noise and then stops.",
            "The battery is empty after ten minutes.",
            "One of the buttons no longer reacts.",
            "It gets so hot that I am afraid to use it.",
        ),
        (
            "I want it repaired, not a refund.",
            "How do I get it repaired?",
            "Where do I send it for repair?",
            "Is this covered by the warranty?",
            "Can you exchange it for one that works?",
        ),
        ("The repair of my old one went well, by the way.", "The broken one you exchanged works fine now."),
        (
            "I am sorry that your {product} from order {order} has a fault.",
            "Sorry to hear about the fault of your {product}, order {order}.",
        ),
        {
            "within": (
                "It is within the warranty of {warranty} months, so the repair costs you nothing.",
                "The repair is free, since the warranty of {warranty} months still holds.",
            ),
            "after": (
                "The warranty of {warranty} months is over, so the workshop will send you an offer before it starts.",
                "Since the warranty of {warranty} months has ended, you will get an offer from the workshop first.",
            ),
        },
        (
            "Please send it with the label in this e-mail; a repair takes about 10 days.",
            "Use the label in this e-mail to send it in; allow about 10 days.",
        ),
        days=365,
        topic="the repair",
    ),
    Intent(
        "after_sales",
        ("Return", "Send it back", "Order {order}", "Not what I need"),
        (
            "It is not what I expected.",
            "It does not fit where I wanted to put it.",
            "I ordered two by mistake.",
            "The colour does not go with the rest.",
            "My partner had bought one already.",
        ),
        (
            "How can I return it?",
            "I would like to send it back.",
            "Please send me a return label.",
            "What do I have to do to give it back?",
        ),
        ("I sent the other thing back and that is settled.", "The return of my earlier order is done, thanks."),
        (
            "Thank you for your message about returning the {product} of order {order}.",
            "I have looked up the {product} of order {order} for your return.",
        ),
        {
            "within": (
                "You are within our return period of 30 days, so you get the full {amount} back.",
                "Our 30 days for returns have not passed, so the full {amount} will be paid back.",
            ),
            "after": (
                "Our return period of 30 days is over, so I can offer a voucher of half the price.",
                "Since the 30 days for returns have passed, I can only offer a voucher of half the price.",
            ),
        },
        (
            "The return label is attached; please keep the receipt of the post office.",
            "Please use the attached label and keep the receipt.",
        ),
        days=30,
        topic="the return",
    ),
    Intent(
        "complaint",
        ("Very disappointed", "Complaint", "This is not acceptable", "Order {order}", "Your service"),
        (
            "Your agent on the phone hung up on me.",
            "I was promised a call back {count} times and nobody called.",
            "The courier threw the box over the fence and laughed.",
            "I was told three different things by three different people.",
            "The person in your chat was rude to me.",
        ),
        (
            "I want to speak to a manager.",
            "I expect an apology.",
            "This is a formal complaint.",
            "What are you going to do so that nobody is treated like this again?",
            "I will not recommend you to anybody until somebody takes responsibility.",
        ),
        (
            "I complained about the rude courier and got an apology, so that is closed.",
            "Your manager has called me, thanks.",
        ),
        (
            "I am very sorry for how you were treated over order {order}.",
            "Please accept our apology for how we treated you over order {order}.",
        ),
        {
            "always": (
                "This is not how we want to work, and I have passed your complaint on to the head of the department.",
                "I have given your complaint to the head of the department, because this must not happen.",
            )
        },
        (
            "You will get a personal answer within 3 working days, and I have added a voucher of 10.00 to your account.",
            "Expect a personal answer within 3 working days; a voucher of 10.00 is in your account.",
        ),
        topic="the behaviour of your staff",
    ),
    Intent(
        "complaint",
        ("Misleading advert", "Not as described", "Complaint", "{product}"),
        (
            "Your page says it is made of steel, but it is plastic.",
            "The picture shows a case that was not in the box.",
            "The advert promised twice the power that it has.",
            "The reviews on your page cannot be real.",
        ),
        (
            "I feel cheated and want this on record.",
            "You should be ashamed of such adverts.",
            "Take that page down, it is a lie.",
            "I will report you to the consumer office.",
        ),
        ("You have corrected the wrong picture on your page, good.", "The misleading advert is gone, I saw."),
        (
            "Thank you for telling us that the page of the {product} misled you.",
            "I am sorry that the page of the {product} misled you.",
        ),
        {
            "always": (
                "I have sent your remarks on order {order} to the editors, who check the page within 2 working days.",
                "The editors will check the page within 2 working days because of your order {order}.",
            )
        },
        (
            "If you do not want to keep it, we take it back at our cost.",
            "We take it back at our cost if you do not want to keep it.",
        ),
        topic="the misleading page",
    ),
    Intent(
        "payment",
        ("Charged twice", "Wrong amount", "My card", "Order {order}"),
        (
            "My bank statement shows {amount} two times.",
            "You took {amount} from my card again this morning.",
            "I was charged {amount}, but the order said less.",
            "The money for an order that I never confirmed was taken.",
        ),
        (
            "Please give the second payment back.",
            "Why was it booked again?",
            "Can you check what happened with the payment?",
            "Please correct this.",
        ),
        (
            "The double charge of last month has been paid back, thank you.",
            "I got the money for the wrong booking back.",
        ),
        (
            "I have checked the payments for order {order}.",
            "Thank you, I have looked at the payments of order {order}.",
        ),
        {
            "within": (
                "The second {amount} is only reserved and will be released by your bank within 5 working days.",
                "Your bank will release the second {amount}, which is only reserved, within 5 working days.",
            ),
            "after": (
                "The second {amount} was a mistake, and I have sent it back to you today.",
                "I have paid the second {amount} back today, since it was our mistake.",
            ),
        },
        (
            "If it is not on your statement by then, please send us a copy of it.",
            "Please send us a copy of the statement if you do not see it by then.",
        ),
        days=7,
        topic="the double charge",
    ),
    Intent(
        "payment",
        ("Refund missing", "Where is my money", "Order {order}", "Refund"),
        (
            "I sent the {product} back {count} weeks ago.",
            "You wrote that the refund of {amount} was on its way.",
            "The return arrived at your warehouse on {date2}.",
            "The order was cancelled by you, not by me.",
        ),
        (
            "The refund is still not in my account.",
            "When will I get the {amount}?",
            "I have not seen the money so far.",
            "Which account did you pay the {amount} into? Mine is {iban}.",
        ),
        ("The refund has arrived, so never mind that.", "I have my money back for the returned item, all good there."),
        (
            "I understand that you are waiting for the refund for order {order}.",
            "Sorry that the refund for order {order} is not with you yet.",
        ),
        {
            "within": (
                "Refunds take up to 14 days after the return has arrived, so the {amount} is still on time.",
                "The {amount} is on its way: refunds take up to 14 days after a return has arrived.",
            ),
            "after": (
                "The limit of 14 days has passed, so I have paid the {amount} out by express today.",
                "I have paid the {amount} out by express today, since the 14 days have passed.",
            ),
        },
        (
            "You will see it on the statement of the card you paid with.",
            "It goes to the card you paid with.",
        ),
        days=20,
        topic="the missing refund",
    ),
    Intent(
        "payment",
        ("Invoice", "Receipt for {order}", "Tax number", "Order {order}"),
        (
            "My employer needs a proper invoice.",
            "The invoice shows my private address.",
            "There was no receipt in the box.",
            "The tax number is missing on the document.",
        ),
        (
            "Please send me the invoice over {amount}.",
            "Can you write it out to my company?",
            "I need the document by the end of the month.",
            "Could you send a corrected copy to {email}?",
        ),
        ("The corrected invoice has reached me.", "I found the receipt in the box after all."),
        (
            "Thank you for asking about the invoice for order {order}.",
            "I have looked up the invoice for order {order}.",
        ),
        {
            "always": (
                "The invoice for the {product} over {amount} is attached with the changes you asked for.",
                "You will find the corrected invoice for the {product} over {amount} attached.",
            )
        },
        (
            "You can also download every invoice under Orders in your account.",
            "All invoices are under Orders in your account as well.",
        ),
        topic="the invoice",
    ),
    Intent(
        "account",
        ("Can't log in", "Password", "Login", "Locked out"),
        (
            "The page says that my password is wrong, but it is not.",
            "After the update I cannot get in any more.",
            "The code for the log-in never comes.",
            "My account has been locked since {date2}.",
        ),
        (
            "How do I get in again?",
            "Please unlock it. My user name is {login}.",
            "I need to see my order {order} there.",
            "Can you send the code to {email}?",
        ),
        ("The log-in works again since yesterday.", "I could reset my password in the end."),
        (
            "I am sorry that you could not get into your account.",
            "Sorry for the trouble with your account.",
        ),
        {
            "always": (
                "I have unlocked it and sent a link for a new password, which is valid for 24 hours.",
                "It is unlocked now, and a link for a new password, valid for 24 hours, is on its way.",
            )
        },
        (
            "Your order {order} is visible there as soon as you are in.",
            "Once you are in, you will find order {order} there.",
        ),
        topic="the log-in",
    ),
    Intent(
        "account",
        ("Delete my account", "My data", "Newsletter", "Change of e-mail"),
        (
            "I do not shop online any more.",
            "I get mails from you every day.",
            "My e-mail address has changed to {email}.",
            "My name is different since I got married.",
        ),
        (
            "Please delete everything you have stored about me.",
            "Take me off your list.",
            "Please close the account after order {order} has arrived.",
            "Please change this in my profile.",
        ),
        ("The newsletter has stopped, thank you for that.", "My new name is in the profile now."),
        (
            "Thank you for your message about your profile.",
            "I have received your request about your profile.",
        ),
        {
            "always": (
                "I have made the change, and it takes effect within 24 hours.",
                "The change is made and takes effect within 24 hours.",
            )
        },
        (
            "Invoices such as the one for order {order} are kept for 10 years, as the law demands.",
            "The law makes us keep invoices such as the one for order {order} for 10 years.",
        ),
        topic="the change in my profile",
    ),
    Intent(
        "product_question",
        ("Question about {product}", "Before I buy", "{product}", "Does it fit?"),
        (
            "I am thinking about a second {product}.",
            "The manual does not say anything about it.",
            "A friend told me that the {product} can do more.",
            "Before I unpack it I would like to know something.",
        ),
        (
            "Does it work with 110 volts?",
            "Can it be used outdoors?",
            "Which spare parts fit?",
            "How long does the battery last?",
            "Is there a larger version?",
        ),
        ("My question about the spare parts has been answered.", "I found in the manual how to use it outdoors."),
        (
            "Thank you for your question about the {product}.",
            "I am glad to answer your question about the {product}.",
        ),
        {
            "always": (
                "It is made for {use}, and the warranty is {warranty} months.",
                "The warranty is {warranty} months, and it is made for {use}.",
            )
        },
        (
            "All technical data are in the table at the bottom of its page; it costs {amount} at the moment.",
            "You find all data at the bottom of its page; the price is {amount} at the moment.",
        ),
        topic="the technical details",
    ),
)
