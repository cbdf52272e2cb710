"""English texts for the payment department.

They are customer sentences and human agents' replies about charges, refunds, invoices and vouchers.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "double_charge": Wording(
        subjects=lines("""
            Charged twice
            Wrong amount
            My card
            Bank statement
        """),
        stories=lines("""
            My bank statement shows the same sum two times.
            You took the money from my card again this morning.
            I was charged for one {product} twice.
            There are two bookings for a single order.
            My card was debited a second time although I ordered once.
        """),
        age_sentences=lines("""
            The second booking is {age} old.
            It was taken {age} ago.
            That was {age} ago.
            The bank dates it {age} back.
        """),
        requests=lines("""
            Please give the second payment back.
            Why was it booked again?
            Can you check what happened with the payment?
            Please correct the second booking.
            I want to have paid once for what I bought once.
        """),
        one_line_tickets=lines("""
            charged twice!!
            Why did you take the money two times?
            double booking on my card pls fix
            You debited my account twice for {order}.
        """),
        topics=("the double charge", "the second booking", "the money that was taken twice"),
        already_solved=lines("""
            The double charge of last month has been paid back, thank you.
            I got the money for the wrong booking back.
            The second booking has vanished from my statement by itself.
        """),
        acknowledgement=lines("""
            I have checked the second payment.
            Thank you, I have looked at both payments.
        """),
        policy={
            "within_7_days": lines("""
                It is only reserved, and your bank will release it within 7 days. If it is still there then, please send us a copy of the statement.
                Your bank releases it within 7 days, because it is only reserved. Should it still be there then, send us a copy of the statement.
            """),
            "after_7_days": lines("""
                It was our mistake, and I have sent {sum} back to you today. You will see it on the card you paid with.
                I have sent {sum} back today, since it was our mistake. It goes to the card you paid with.
            """),
        },
    ),
    "refund_missing": Wording(
        subjects=lines("""
            Refund missing
            Where is my money
            Refund
            Still no money
        """),
        stories=lines("""
            I sent the {product} back and have the receipt.
            You wrote that the refund was on its way.
            The return arrived at your warehouse, says {tracking}.
            The order was cancelled by you, not by me.
            You confirmed the return, and since then nothing has happened.
            My statement shows everything but your refund.
        """),
        age_sentences=lines("""
            You got the return {age} ago.
            The return reached you {age} ago.
            It has been with you for {age}.
            Your confirmation is {age} old.
        """),
        requests=lines("""
            The refund is still not in my account.
            When will I get the money?
            I have not seen the money so far.
            Which account did you pay it into? Mine is {iban}.
            Please pay out what you owe me.
        """),
        one_line_tickets=lines("""
            wheres my refund
            Still waiting for my money for the returned {product}.
            When do you pay me back for {order}?
            refund not there yet!!
        """),
        topics=("the missing refund", "the refund that I am waiting for", "the money for the returned {product}"),
        already_solved=lines("""
            The refund has arrived, so never mind that.
            I have my money back for the returned item, all good there.
            The refund that I was waiting for came on Monday.
        """),
        acknowledgement=lines("""
            Sorry that your refund is not with you yet.
            I understand that you are waiting for your refund.
        """),
        policy={
            "within_14_days": lines("""
                Refunds take up to 14 days after the return, so yours is still on time. You will see {sum} on the card you paid with.
                Yours is still on time, because refunds take up to 14 days. It goes to the card you paid with.
            """),
            "after_14_days": lines("""
                The limit of 14 days has passed, so I have paid {sum} out by express today. It will be with you tomorrow.
                I have paid {sum} out by express today, since the 14 days have passed. You have it tomorrow.
            """),
        },
    ),
    "invoice": Wording(
        subjects=lines("""
            Invoice
            Receipt for {order}
            Tax number
            Document needed
        """),
        stories=lines("""
            There was no receipt in the box.
            I have lost the paper that came with the {product}.
            The invoice shows an amount that I never paid.
            My bookkeeper asks for the paper.
            I can not open the file that you attached.
        """),
        case_sentences={
            "company": lines("""
                It has to be made out to my company.
                My employer's name must be on it.
                It needs the name and the tax number of our firm.
            """)
        },
        requests=lines("""
            Please send me the invoice.
            I need the invoice by the end of the month.
            Could you send a copy of the bill to {email}?
            Where do I find the bill?
            I would like to have a proper receipt.
        """),
        one_line_tickets=lines("""
            invoice pls
            need the receipt for {order}
            No bill in the box, please send one.
            Can you send me the invoice again?
        """),
        topics=("the invoice", "the bill for my bookkeeper", "the receipt that was not in the box"),
        already_solved=lines("""
            The corrected invoice has reached me.
            I found the receipt in the box after all.
            The bill with the company's name has come, thanks.
        """),
        acknowledgement=lines("""
            Thank you for asking about the invoice.
            I have looked up the invoice.
        """),
        policy={
            "sent": lines("""
                The invoice over {sum} is attached. All invoices are under Orders in your account as well.
                You find the invoice over {sum} attached, and all invoices under Orders in your account.
            """),
            "company": lines("""
                Please send us the full name, the address and the tax number of the company. You get the new invoice within 24 hours of that.
                For the new invoice we need the company's full name, address and tax number. It comes within 24 hours of that.
            """),
        },
    ),
    "voucher": Wording(
        subjects=lines("""
            Voucher
            Code rejected
            Gift card
            Discount
        """),
        stories=lines("""
            The voucher code is not accepted.
            When I pay, the page says that my gift card is unknown.
            I typed the code from your birthday mail {count} times.
            The discount disappears as soon as I go to the till.
            The {product} is in the basket, only the voucher does not work.
        """),
        case_sentences={
            "expired": lines("""
                The date printed on it has passed, I see.
                It was valid until last month.
                I know that it ran out a few days ago.
            """)
        },
        requests=lines("""
            How do I redeem the voucher?
            Please make the voucher code work.
            Can you send me a new voucher code?
            I want to pay with my gift card.
        """),
        one_line_tickets=lines("""
            voucher code doesnt work
            Your gift card is rejected at the till.
            discount code "unknown"??
            How do I pay with a voucher?
        """),
        topics=("the voucher", "the gift card that is rejected", "the code for the discount"),
        already_solved=lines("""
            The voucher worked at the second attempt.
            I could redeem the gift card in the end.
            The discount was taken off after all.
        """),
        acknowledgement=lines("""
            I am sorry that your voucher was not accepted.
            Sorry for the trouble with the voucher.
        """),
        policy={
            "new_code": lines("""
                I have sent you a new code by e-mail, which is valid for 30 days. Please enter it without spaces.
                A new code, valid for 30 days, is on its way by e-mail. Enter it without spaces, please.
            """),
            "expired": lines("""
                Expired vouchers can not be redeemed or paid out. As a goodwill gesture you get a new code over half its value by e-mail.
                A voucher that has expired can not be redeemed. You get a new code over half its value by e-mail as a goodwill gesture.
            """),
        },
    ),
    "price_drop": Wording(
        subjects=lines("""
            Cheaper now
            Price
            Price difference
            Sale
        """),
        stories=lines("""
            The {product} is a quarter cheaper on your page now.
            Now that I have paid, you have a sale.
            The same {product} costs less today than I paid.
            My friend got the same thing for much less.
            You lowered the price right after my order.
        """),
        age_sentences=lines("""
            I bought it {age} ago.
            My order is {age} old.
            I paid {age} ago.
            That was {age} ago.
        """),
        requests=lines("""
            Do I get the difference back?
            Please pay me what I have paid too much.
            Can I have today's lower price?
            I would like the lower price as well.
        """),
        one_line_tickets=lines("""
            its cheaper now, do i get the difference?
            You have a sale right after I bought the {product}...
            price went down, refund the difference pls
            Do you match your own lower price?
        """),
        topics=("the price difference", "the lower price", "the sale that I missed by days"),
        already_solved=lines("""
            You gave me the lower price for the other thing, thanks.
            The difference to the sale price has been paid out.
            The price difference is on my card already.
        """),
        acknowledgement=lines("""
            Thank you for asking about the lower price.
            I have read that the price has gone down since you bought it.
        """),
        policy={
            "within_14_days": lines("""
                We pay the difference for 14 days after the purchase, so you get it back. It goes to the card you paid with.
                You get the difference back, since 14 days after the purchase have not passed. It goes to the card you paid with.
            """),
            "after_14_days": lines("""
                We pay the difference only for 14 days after the purchase, and they have passed. I hope for your understanding.
                The 14 days in which we pay the difference have passed. I hope you understand.
            """),
        },
    ),
}
