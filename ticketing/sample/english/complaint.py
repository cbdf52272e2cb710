"""English texts for the complaint department.

They are customer sentences and human agents' replies to complaints about staff, couriers and product pages.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "rude_staff": Wording(
        subjects=lines("""
            Complaint
            Very disappointed
            Your agent
            This is not acceptable
        """),
        stories=lines("""
            Your agent on the phone hung up on me.
            The person in your chat was rude to me.
            I was told to "read the manual, if I can read at all".
            The lady on the hotline laughed at my question about the {product}.
            The man in your shop called me a liar in front of everybody.
            I was passed round {count} times, and each person was less friendly than the last.
        """),
        case_sentences={
            "manager_calls": lines("""
                It is the second time that this has happened.
                This was not the first time, I complained last month too.
                The same person has done this to me before.
            """)
        },
        requests=lines("""
            I expect an apology.
            This is a formal complaint.
            What are you going to do so that nobody is treated like this again?
            I want this person's manager to know.
            Nobody has to put up with such behaviour, do something.
        """),
        one_line_tickets=lines("""
            your agent was so rude!!
            I want to complain about your hotline.
            Never been treated like this. Apology please!
            the guy in the chat insulted me
        """),
        topics=("the behaviour of your staff", "the rude agent", "the way I was spoken to"),
        already_solved=lines("""
            I complained about a rude agent and got an apology, so that is closed.
            Your manager has called me about the agent, thanks.
            The lady who hung up on me has said sorry.
        """),
        acknowledgement=lines("""
            I am very sorry for how you were treated.
            Please accept our apology for how you were treated.
        """),
        policy={
            "apology": lines("""
                This is not how we want to work, and I have spoken to the colleague. A voucher of 10.00 EUR is in your account.
                I have spoken to the colleague, because this is not how we want to work. You find a voucher of 10.00 EUR in your account.
            """),
            "manager_calls": lines("""
                Since it was not the first time, the head of the department will call you. You hear from her within 3 days.
                The head of the department will call you within 3 days, since it was not the first time.
            """),
        },
    ),
    "courier": Wording(
        subjects=lines("""
            Your driver
            Complaint about the courier
            Unbelievable delivery
            How you treat parcels
        """),
        stories=lines("""
            The courier threw the box over the fence and laughed.
            The driver left my parcel in the pouring rain beside the bins.
            Your driver parked across our gate and swore at my father.
            He shoved the parcel at my daughter and drove off without a word.
            The delivery man opened the box before he handed it over.
        """),
        case_sentences={
            "damage_claim": lines("""
                He has broken our garden gate as well.
                The wall of the house has a scratch from his van.
                His van has knocked our letter box over.
            """)
        },
        requests=lines("""
            I want this driver reported.
            The parcel is whole, but I complain about how it was delivered.
            Do you know how your courier behaves?
            Please make sure that he never comes here again.
            I expect you to answer for the driver.
        """),
        one_line_tickets=lines("""
            courier threw my parcel over the fence
            Your driver swore at me. Do something.
            I complain about the delivery driver!
            driver was rude to my kid, report him
        """),
        topics=("the behaviour of the driver", "the courier who threw the box", "the way the driver treats people"),
        already_solved=lines("""
            I complained about the driver in spring, and there is a nicer one now.
            The courier who threw the box has apologised.
            The matter with the driver and our gate has been paid for.
        """),
        acknowledgement=lines("""
            I am very sorry for what the driver did.
            Please accept our apology for the driver.
        """),
        policy={
            "carrier_warned": lines("""
                I have sent your complaint to the carrier, who will speak to the driver. You get the carrier's answer within 5 days.
                The carrier has your complaint and will speak to the driver. The answer comes within 5 days.
            """),
            "damage_claim": lines("""
                The carrier's insurance pays for what was broken. Please send us photos and the bill, and I pass them on.
                What was broken is paid by the carrier's insurance. With photos and the bill from you I start the claim.
            """),
        },
    ),
    "misleading_page": Wording(
        subjects=lines("""
            Misleading advert
            Not as described
            Your page lies
            {product}
        """),
        stories=lines("""
            Your page says the {product} is made of steel, but it is plastic.
            The picture shows a case that is not sold with it.
            The advert promises twice the power that it has.
            The reviews of the {product} on your page can not be real.
            "Last three pieces" has been on the page for {count} weeks.
        """),
        case_sentences={
            "taken_back": lines("""
                I bought it because of that page.
                I have one here now because I believed it.
                Because of these words I ordered it.
            """)
        },
        requests=lines("""
            I feel cheated and want this on record.
            You should be ashamed of such adverts.
            Take that page down, it is a lie.
            I will report you to the consumer office.
            Who checks what you write on your page?
        """),
        one_line_tickets=lines("""
            your advert is a lie
            Fake reviews on your page!
            The page for the {product} is wrong, take it down.
            false advertising!!
        """),
        topics=("the misleading page", "the false advert", "the made-up review"),
        already_solved=lines("""
            You have corrected the wrong picture on your page, good.
            The misleading advert is gone, I saw.
            The false reviews were taken down after my last mail.
        """),
        acknowledgement=lines("""
            Thank you for telling us that our page is misleading.
            I am sorry that our page is misleading.
        """),
        policy={
            "page_checked": lines("""
                Our editors will check the page within 2 days. What is wrong will be corrected or taken down.
                The page will be checked within 2 days, and what is wrong corrected or taken down.
            """),
            "taken_back": lines("""
                We take it back at our cost, since you bought it because of the page. The label is attached, and our editors check the page.
                Since you bought it because of the page, we take it back at our cost with the attached label. Our editors check the page.
            """),
        },
    ),
    "no_answer": Wording(
        subjects=lines("""
            Nobody answers
            Third attempt
            Hello???
            Silence
        """),
        stories=lines("""
            I have written {count} mails and got nothing but automatic answers.
            I was promised a call back {count} times and nobody called.
            Your hotline played music to me for an hour, then the line was dead.
            Three people told me three different things, and then nobody told me anything.
            In your chat I was number {count} in the queue for the whole afternoon.
        """),
        case_sentences={
            "call_back": lines("""
                Please ring me, I can not read another e-mail from you.
                I would rather have a call than a mail.
                Somebody should phone me about it.
            """)
        },
        requests=lines("""
            It is your silence that I complain about.
            Is this how you treat people who have paid?
            Why does nobody ever answer?
            I want to know who is responsible for this silence.
            A shop that does not answer is not a shop, put that on record.
        """),
        one_line_tickets=lines("""
            does anybody work there?
            {count} mails and no answer, what kind of service is this
            Nobody calls back. I am complaining about that.
            an hour in your queue, shame on you
        """),
        topics=("the silence from your side", "the call that nobody returned", "the hour in your queue"),
        already_solved=lines("""
            Nobody had called back at first, but then somebody did, fine.
            I complained about the long silence and have had an answer since.
            The hour in your queue is forgiven.
        """),
        acknowledgement=lines("""
            I am very sorry that nobody has answered you.
            Please accept our apology for the silence.
        """),
        policy={
            "apology": lines("""
                I am in charge of your case from now on, and you get an answer from me within 24 hours. Please reply to this e-mail if anything is open.
                From now on your case is with me, and I answer within 24 hours. Just reply to this e-mail if anything is open.
            """),
            "call_back": lines("""
                I will call you myself within 24 hours. Please send me your number and a time that suits you.
                You get a call from me within 24 hours. Your number and a good time are all I need.
            """),
        },
    ),
}
