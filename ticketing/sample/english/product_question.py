"""English texts for the product_question department.

They are customers' questions before they buy, and human agents' replies.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "technical": Wording(
        subjects=lines("""
            Question about {product}
            Before I buy
            {product}
            Technical data
        """),
        stories=lines("""
            I am thinking about buying a {product}.
            Your page does not say much about the {product}.
            A friend told me that the {product} can do more than it says.
            I am comparing the {product} with that of another shop.
            My old {product} is to be replaced by yours.
        """),
        case_sentences={
            "outdoors": lines("""
                I would use it in the garden.
                Can it be used outdoors?
                It would stand on a balcony, in rain too.
            """),
            "abroad": lines("""
                Does it work with 110 volts?
                I would take it to a country with other sockets.
                Would it work in America?
            """),
        },
        requests=lines("""
            What are its measures?
            How long does the battery last?
            How heavy is it?
            Which material is it made of?
            Is it loud?
        """),
        one_line_tickets=lines("""
            how heavy is the {product}
            Battery life of the {product}?
            Does the {product} fit into a small kitchen?
            what is the {product} made of?
        """),
        topics=("the technical detail", "the size of the {product}", "the battery life"),
        already_solved=lines("""
            My question about the measures has been answered.
            I found in the manual how long the battery lasts.
            You told me the weight last time, thanks.
        """),
        acknowledgement=lines("""
            Thank you for your question about the {product}.
            I am glad to answer your question about the {product}.
        """),
        policy={
            "data_sheet": lines("""
                Measures, weight, material and battery life are in the table at the bottom of its page. I have attached the data sheet.
                The table at the bottom of its page has measures, weight, material and battery life. The data sheet is attached.
            """),
            "outdoors": lines("""
                It is made for indoor use only, since rain damages it. For the garden look for the sign with the drop on our pages.
                Rain damages it, so use it indoors only. The sign with the drop on our pages shows what is made for the garden.
            """),
            "abroad": lines("""
                It works with 100 to 240 volts. For other sockets you need an adapter, which we do not sell.
                You can use it with 100 to 240 volts. An adapter for other sockets is needed, which we do not sell.
            """),
        },
    ),
    "availability": Wording(
        subjects=lines("""
            Sold out?
            Back in stock
            {product}
            Larger version
        """),
        stories=lines("""
            The {product} has been sold out for weeks.
            I would like a second {product}, but the button is grey.
            The {product} that my sister has is no longer on your page.
            I need {count} of the {product}, and your page offers one.
            The large {product} can not be put into the basket.
        """),
        case_sentences={
            "other_colour": lines("""
                Another colour would do as well.
                I do not mind which colour it is.
                The colour does not matter to me.
            """)
        },
        requests=lines("""
            When can I buy it again?
            Will there be more of them?
            Is it coming back into stock?
            Tell me when it is in stock, please.
        """),
        one_line_tickets=lines("""
            {product} back in stock when?
            When will you sell the {product} again?
            is the {product} sold out for good
            Is there a larger {product}?
        """),
        topics=("the {product} that is sold out", "the date when it is in stock again", "the larger version"),
        already_solved=lines("""
            The one that was sold out is in stock again, I have seen.
            You told me when the larger version comes, thanks.
            My question about stock has been answered.
        """),
        acknowledgement=lines("""
            Thank you for your interest in the {product}.
            I am glad that you are interested in the {product}.
        """),
        policy={
            "notified": lines("""
                It is sold out at the moment, and new ones come within 6 weeks. Please click on the bell on its page, and you get an e-mail then.
                New ones come within 6 weeks. A click on the bell on its page gets you an e-mail then.
            """),
            "other_colour": lines("""
                In white and in grey it is in stock. You find both colours under the picture on its page.
                White and grey are in stock. Both colours are under the picture on its page.
            """),
        },
    ),
    "delivery_terms": Wording(
        subjects=lines("""
            Delivery?
            Before I order
            Shipping costs
            Do you deliver
        """),
        stories=lines("""
            I have the {product} in my basket, but not ordered yet.
            Before I order I would like to know something.
            I have never bought from you.
            The {product} is for a birthday.
            Your page says nothing about it.
        """),
        case_sentences={
            "abroad": lines("""
                I live in Norway.
                It would go to a friend in Switzerland.
                The address would be outside the European Union.
            """)
        },
        requests=lines("""
            What would delivery cost?
            How long does it take until it arrives, if I order today?
            If I order, do you bring it up to the fourth floor?
            Which carrier would you send with, if I ordered?
        """),
        one_line_tickets=lines("""
            how much is shipping
            If I order today, when would it arrive?
            If I order, do you deliver on Saturdays?
            shipping costs for a {product}?
        """),
        topics=(
            "the cost of delivery before I order",
            "the price of delivery if I order",
            "the carrier for an order that I may place",
        ),
        already_solved=lines("""
            You told me what delivery costs, that is clear now.
            My question about shipping before the order has been answered.
            Which carrier you use I know by now.
        """),
        acknowledgement=lines("""
            Thank you for asking before you order.
            I am glad to tell you how we deliver.
        """),
        policy={
            "home": lines("""
                Delivery costs 4.90 EUR and takes 2 to 4 days, up to your front door. From 50.00 EUR on it is free.
                It takes 2 to 4 days to your front door and costs 4.90 EUR. From 50.00 EUR on delivery is free.
            """),
            "abroad": lines("""
                We deliver there within 8 days for 14.90 EUR. Customs duties are added by the carrier.
                Within 8 days we deliver there, for 14.90 EUR. The carrier adds customs duties.
            """),
        },
    ),
    "return_terms": Wording(
        subjects=lines("""
            What if I do not like it?
            Before I buy
            Returns?
            Trial
        """),
        stories=lines("""
            I am not sure whether the {product} fits.
            I would like to try the {product} at home first.
            I have not ordered yet.
            Two of your models would suit me, and I can not decide.
            My last {product} was from another shop, which took nothing back.
        """),
        case_sentences={
            "present": lines("""
                It would be a present.
                It is meant for my niece at Christmas.
                I would give it to somebody.
            """)
        },
        requests=lines("""
            Could I give it back if I do not like it?
            Would I get my money back in that case?
            Who would pay for the return, if I bought it?
            How long could I try it?
            May I order both and send one back?
        """),
        one_line_tickets=lines("""
            can i send it back if i dont like it? havent ordered yet
            If I buy the {product} and it does not fit, do I get a refund?
            How long could I try a {product} at home?
            what are your return rules before i buy
        """),
        topics=(
            "the rule for returns before I buy",
            "the chance to try it at home",
            "the right to give back what I may order",
        ),
        already_solved=lines("""
            How returns would work I know by now.
            My question about trying it at home has been answered.
            The return rules are clear to me.
        """),
        acknowledgement=lines("""
            Thank you for asking before you buy.
            I am glad to tell you how returns work.
        """),
        policy={
            "thirty_days": lines("""
                You could try it for 30 days and would get all your money back. We pay for the return as well.
                For 30 days you could give it back for all your money. The return is paid by us as well.
            """),
            "present": lines("""
                For a present the time is 60 days, with the gift receipt. Please tick the box for it when you order.
                With the gift receipt the time is 60 days. There is a box to tick for it when you order.
            """),
        },
    ),
}
