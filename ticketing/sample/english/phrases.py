"""English phrases that do not depend on the intent. The tickets and replies of all intents use them."""

from ticketing.sample.intents import lines

LANGUAGE = "en"
SENTENCE_SEPARATOR = " "

GREETINGS = ("Hello,", "Hi there,", "Good morning,", "Dear team,", "Hi,", "hey", "", "")
CLOSINGS = (
    "Thanks,\n{short}", "Best regards,\n{name}", "Kind regards\n{name}", "Cheers, {short}", "Thank you.", "thx", "", "",
)  # fmt: skip
FILLERS = lines("""
    I have been a customer for years.
    I looked through your help pages but found nothing that fits.
    I wrote through the form last week and only got an automatic answer.
    A colleague gave me your address.
    I shall be in the office until four.
    I know you are busy at this time of the year.
    You have always been helpful so far.
    I tried the chat first but was disconnected.
    Sorry if this is the wrong address for it.
    My English is not so good, I hope you understand.
    It is rather urgent.
    I am writing from my phone, so forgive the typing.
""")

# Sentences that state the order number, or why it is missing, and often the product and the price.
WITH_ORDER = lines("""
    It is about order {order}.
    My order number is {order}.
    This is about the {product} from order {order}.
    Order {order}, {product}.
    Order {order}: {product}, {amount}.
    I paid {amount} for the {product}, order {order}.
    I am writing about the {product} ({amount}) of order {order}.
    order no {order}.
""")
WITHOUT_ORDER = lines("""
    It is about the {product}.
    It is about your {product}, the one for {amount}.
    I can not find the order number, but it was a {product} for {amount}.
    I do not have the order number at hand.
""")
WRONG_ORDER = lines("""
    The order number is {wrong}.
    Order {wrong}, {product}.
    My number is {wrong}, I think.
    It is order {wrong}, a {product} for {amount}.
""")
CORRECTED_ORDER = lines("""
    Sorry, I mixed up two numbers: it is order {order}, not {order2}.
    Correction: the order is {order}. What I wrote before, {order2}, was another one.
    Not {order2}, as I said on the phone, but {order}.
""")
POSTSCRIPTS = lines("""
    PS: {detail}
    Update: {detail}
    I forgot: {detail}
    One more thing you may need: {detail}
""")

# Sentences that mention two matters; the customer asks for {topic} only. Most sentences also occur with the two matters
# in the other order, so that a model can't tell by the position which matter the customer asks for.
TWO_TOPICS = lines("""
    This time I am not writing about {other}, I am writing about {topic}.
    It is {topic} that I need help with, it is not {other}.
    I can live with {other}, but I can not wait for {topic}.
    I can not wait for {topic}, but I can live with {other}.
    Please forget {other} and look after {topic}.
    Please look after {topic} and forget {other}.
    To me {topic} matters more than {other}.
    To me {other} matters less than {topic}.
    Instead of {other} please help me with {topic}.
    Please help me with {topic} instead of {other}.
    Whatever you do about {other}, what I ask for is {topic}.
    What I ask for is {topic}, whatever you do about {other}.
    You have answered me about {other}, but you have not answered me about {topic}.
    You have not answered me about {topic}, but you have answered me about {other}.
    Before you ask: {other} is settled. {topic} is not settled.
    Before you ask: {topic} is not settled. {other} is settled.
""")
# Texts with two requests. The human agent answers {ask}, and passes {other} on to the department that handles it.
TWO_REQUESTS = lines("""
    First of all, and most urgent: {ask} When that is done, there is also {other}.
    I have two things. The main one: {ask} The other, {other}, can wait.
    There is also {other}, but that has time. What can not wait: {ask}
    {ask} That comes first. Later on somebody should also look after {other}.
    Somebody should look after {other} as well, some day. But first: {ask}
""")
# Updates that a customer writes below an earlier mail. First: the request of that mail is solved, and a new one follows.
# Then: another matter is solved, and the request of that mail is still open.
NEW_REQUEST_UPDATES = lines("""
    Update: that is over. {settled} Now it is something else. {request}
    A day later: no need for the above any more. {settled} But: {request}
    PS, two hours later: what I wrote above is done. {settled} This is not: {request}
    UPDATE: forget the above. {settled} {request}
    Edit: the above can be closed. {settled} What I need now: {request}
""")
STILL_OPEN_UPDATES = lines("""
    Update: {settled} What I wrote above is still open.
    PS: {settled} But the above is what I am waiting for.
    By the way: {settled} The rest of this mail still stands.
    Edit: {settled} Everything above is still as it was.
""")
# First sentences of a customer who answers a mail from the shop and quotes it.
FOLLOW_UPS = lines("""
    Thank you for the quick answer, but it does not help me.
    That was an automatic answer, wasn't it?
    Your last mail was about something else.
    I am answering your mail below.
    As you asked, here it is again.
""")
SHOP_QUESTIONS = lines("""
    Thank you for your message. Could you tell us a little more?
    Dear customer, which matter is this about, please?
    We have received your message. Please describe it once more in your own words.
""")

# Sentences of angry customers. None of them says what the matter is.
RANT_SENTENCES = lines("""
    I have to say that I am losing my patience, and I am a patient person, ask anybody who knows me.
    In the meantime I have spent more hours on this than the whole thing is worth, and nobody pays me for them.
    My husband told me from the start that I should have gone to the shop round the corner, and for once he was right.
    It can not be that in this day and age a company of your size does not manage something so simple.
    I am not somebody who complains at the first opportunity, I have run a small business myself for twenty years.
    I have two small children, a job and a dog, and believe me, I have better things to do in the evening than write to you!!
    If I worked the way you do, I would have been out of a job within a week, and rightly so.
    The worst thing is that it all looks so friendly on your pages, with all those smiling people.
    You can imagine what I have been telling my colleagues at lunch about it, and there are forty of us.
    And please spare me the sentence that my request is important to you, I can not hear it any more.
    I am sitting here with a cup of cold coffee, typing this for the second time because your form lost the first one.
    My father always said that you recognise a good shop by what happens when something goes wrong.
    I really do not know what else I can do, and I am close to tears, to be honest.
    I am a pensioner, and I do not throw money out of the window as others may do.
    Everything used to be better with you, I remember the time when a person picked up the telephone after two rings.
    So now I have written it all down, calmly, although I am not calm at all, and I hope that a human being reads it.
    I have kept every mail and every receipt in a folder, and the folder is getting thick.
    Yesterday evening I sat down with my daughter, who knows about such things, and she could not believe it either.
    No offence to the person who reads this, I know that you are not to blame, you only work there.
    It spoils the whole week for me, and the week was bad enough already, with the car in the garage.
    Do you ever try out your own service, just once, as a normal customer, without knowing anybody? You should!
    Last night I lay awake and went through it all again in my head, which at my age is not good for the heart.
    My wife says that I should let it rest, but I was brought up to finish what I have begun.
    There must be somebody in your building who can decide something, or do you all just press buttons?
    I used to recommend you to everybody in my choir, and now they ask me about it every Thursday with a grin.
    I know that a machine will read this first, so hello, machine, please fetch a person.
    When I was young one went to the counter, said what was the matter, and ten minutes later it was settled.
    It is not about the money any more, it is about the principle, and about being taken seriously.
    My son says that I should put it on the internet, with pictures, and he knows how to do that.
    I have looked up who runs your company, and I am tempted to write to her at home.
    Please do not send me one of your surveys with five stars afterwards, I would not know what to tick.
    Four forms, two passwords and a riddle with traffic lights I had to get through just to write this.
    You have no idea how it feels to be bounced about like a ball between people who all have no time.
    I am writing in the train, the connection drops at every tunnel, and still I am faster than you.
    By rights I should send you a bill for my time, and I charge more an hour than you may think.
    A friend of mine is a lawyer, and she only shook her head when I read it out to her over dinner.
    Even my cat looks at me as if she were sorry for me, that is how far it has come.
""")
RANT_INTRODUCTIONS = lines("""
    So, once more, so that everybody understands it:
    To make it short, what I want to know:
    The only thing I ask:
    Here is my question, before I get carried away:
""")
NEUTRAL_SUBJECTS = ("{order}", "{product}", "Question", "Please read", "My request", "Help", "Follow-up", "two things")
FIRST_LINES_SENT_AGAIN = ("I already wrote once, please answer.", "Second try.", "Just making sure you got this.")

REPLY_GREETINGS = ("Dear {short},", "Hello {short},", "Hi {short},")
REPLY_GREETINGS_WITHOUT_NAME = ("Dear customer,", "Hello,", "Hi,")
# The human agent repeats the order number, so that the customer can check it.
ORDER_CONFIRMATIONS = (
    "I have order {order} before me{details}.",
    "Your order is {order}{details}.",
    "I see order {order}{details}.",
)
ASK_ORDER_NUMBER = lines("""
    Please send us the order number, so that I can look it up. You find it in our confirmation and on the delivery note.
    I can look it up as soon as you send us the order number. It is in our confirmation and on the delivery note.
""")
CHECK_ORDER_NUMBER = lines("""
    The number {wrong} is not one of our order numbers, which are longer. Please copy it from our confirmation or the delivery note.
    Our order numbers are longer than {wrong}. Please copy yours from our confirmation or the delivery note.
""")
ASK_DATE = lines("""
    Please tell me how long ago that was. What I can do for you depends on it.
    What I can do depends on how long ago that was. Please tell me.
""")
PASSED_ON = lines("""
    I have passed your other request on to our {other_team} team.
    Our {other_team} team has your other request.
""")
REPLY_CLOSINGS = (
    "Kind regards,\nYour {team} team",
    "Best wishes,\nYour {team} team",
    "Thank you for your patience.\nYour {team} team",
)
TEAMS = {
    "logistics": "delivery", "after_sales": "service", "complaint": "customer care", "payment": "billing",
    "account": "account", "product_question": "product",
}  # fmt: skip
UNNAMED_PRODUCT = "article"
UNNAMED_AMOUNT = "the full price"
# The details of an order are its product, its amount and its age.
DETAILS_PREFIX, DETAILS_SEPARATOR, AGE_DETAIL = ": ", ", ", "{age} ago"
