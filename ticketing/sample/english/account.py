"""English texts for the account department.

They are customer sentences and human agents' replies about logins, profiles, deleted accounts and newsletters.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "login": Wording(
        subjects=lines("""
            Can't log in
            Password
            Login
            Locked out
        """),
        stories=lines("""
            The page says that my password is wrong, but it is not.
            After the update I can not get in any more.
            The code for the log-in never comes.
            I click on "sign in" and the page just loads again.
            I have a new telephone, and the old one got the codes.
            The link for a new password leads to an empty page.
        """),
        case_sentences={
            "unlocked": lines("""
                It says that the account is locked.
                After too many attempts I have been locked out.
                A red box tells me that I am blocked.
            """)
        },
        requests=lines("""
            How do I get into my account again?
            I can not sign in. My user name is {login}.
            I need to see my orders there, please let me in.
            Can you send the log-in code to {email}?
            What is wrong with my password?
        """),
        one_line_tickets=lines("""
            cant log in
            password reset mail never comes
            Locked out of my account, help!
            How do I sign in without my old phone?
            login broken again
        """),
        topics=("the log-in", "the password that is not accepted", "the code that never comes"),
        already_solved=lines("""
            The log-in works again since yesterday.
            I could reset my password in the end.
            I was locked out for a day, but I am in again.
            The code for the log-in has come after all.
        """),
        acknowledgement=lines("""
            I am sorry that you can not get into your account.
            Sorry for the trouble with your log-in.
        """),
        policy={
            "reset_link": lines("""
                I have sent you a link for a new password, which is valid for 24 hours. Please look into the spam folder as well.
                A link for a new password, valid for 24 hours, is on its way. Do look into the spam folder as well.
            """),
            "unlocked": lines("""
                I have unlocked it, so you can sign in again. Please choose a new password when you are in.
                It is unlocked, and you can sign in again. Choose a new password when you are in, please.
            """),
        },
    ),
    "delete_account": Wording(
        subjects=lines("""
            Delete my account
            Close account
            My data
            Goodbye
        """),
        stories=lines("""
            I do not shop online any more.
            I have two accounts and need one.
            My mother has died and does not need hers.
            I have read what you do with people's data.
            I only ever bought one thing from you.
        """),
        case_sentences={
            "after_delivery": lines("""
                One parcel is still on its way, which I want to have first.
                My last order has not come yet, wait for that.
                There is still an order open.
            """)
        },
        requests=lines("""
            Please delete everything you have stored about me.
            Close my account.
            I want my profile gone, with all data in it.
            How do I get rid of my account?
            Under data protection law I ask you to erase my data.
        """),
        one_line_tickets=lines("""
            delete my account
            Please close my account.
            Erase all my data!
            how do i cancel my account
        """),
        topics=("the end of my account", "the data to be erased", "the account that I want closed"),
        already_solved=lines("""
            My old account has been deleted, thanks.
            You have erased the data of my second account.
            The account that I did not need is closed.
        """),
        acknowledgement=lines("""
            Thank you for your message about closing your account.
            I have read that you want your account closed.
        """),
        policy={
            "deleted": lines("""
                Your account and its data are deleted within 24 hours. Only invoices are kept for 10 years, as the law demands.
                We delete your account and its data within 24 hours. The law makes us keep invoices for 10 years.
            """),
            "after_delivery": lines("""
                Your account is deleted as soon as your last order has reached you. Until then you can follow it as usual.
                As soon as your last order is with you, the account is deleted. You can follow it until then.
            """),
        },
    ),
    "profile": Wording(
        subjects=lines("""
            Change of e-mail
            My details
            New name
            Profile
        """),
        stories=lines("""
            My e-mail address has changed to {email}.
            I have a new telephone number, {phone}.
            I am addressed as "Mr" and that is wrong.
            Your page does not let me save my new e-mail address.
            My old e-mail address no longer exists.
        """),
        case_sentences={
            "proof_needed": lines("""
                My family name is different since I got married.
                The date of birth is wrong too.
                My legal name has changed.
            """)
        },
        requests=lines("""
            Please change this in my profile.
            Can you put the right details into my account?
            Where can I change my personal details?
            The old details have to go from my profile.
        """),
        one_line_tickets=lines("""
            new email is {email}, pls change my profile
            How do I change the name in my account?
            wrong phone number in my profile
            Please update my details: {phone}.
        """),
        topics=("the change in my profile", "the new e-mail address", "the name in my account"),
        already_solved=lines("""
            My new name is in the profile now.
            You have changed my e-mail address already.
            My details were corrected last week.
        """),
        acknowledgement=lines("""
            Thank you for telling us your new details.
            I have received your change of details.
        """),
        policy={
            "changed": lines("""
                I have made the change, and you get an e-mail to confirm it. Please click on the link in it within 24 hours.
                The change is made once you click on the link in our e-mail. Please do so within 24 hours.
            """),
            "proof_needed": lines("""
                For this change we need a copy of an official document. Please upload it in your profile, never by e-mail.
                This change needs a copy of an official document. Upload it in your profile, please, never by e-mail.
            """),
        },
    ),
    "newsletter": Wording(
        subjects=lines("""
            Unsubscribe
            Newsletter
            Too many mails
            Advertising
        """),
        stories=lines("""
            I get mails from you every day.
            The link for unsubscribing does nothing.
            I have never signed up for your offers.
            Your advertising for the {product} came {count} times this week.
            I have unsubscribed before, and it has started again.
        """),
        case_sentences={
            "catalogue": lines("""
                The paper catalogue comes as well.
                Even in my letter box there is advertising from you.
                And by post I get your brochures.
            """)
        },
        requests=lines("""
            Take me off your list.
            Please stop the advertising.
            I do not want offers any more, but I keep my account.
            Stop sending me your newsletter.
        """),
        one_line_tickets=lines("""
            unsubscribe
            STOP sending me mails
            Take me off the newsletter please.
            no more ads pls
        """),
        topics=("the newsletter", "the advertising in my mail box", "the offer that I never asked for"),
        already_solved=lines("""
            The newsletter has stopped, thank you for that.
            I get no more advertising since my last mail.
            You have taken me off the list, good.
        """),
        acknowledgement=lines("""
            Thank you for your message about our newsletter.
            I am sorry that you got mails that you do not want.
        """),
        policy={
            "stopped": lines("""
                I have taken you off the list. Mails that are already on their way may still reach you for 2 days.
                You are off the list now. For 2 days mails that are on their way may still come.
            """),
            "catalogue": lines("""
                I have taken you off both lists, for e-mails and for post. A catalogue that is printed already may still come within 4 weeks.
                You are off both lists now, for e-mails and for post. Within 4 weeks a catalogue that is printed already may still come.
            """),
        },
    ),
}
