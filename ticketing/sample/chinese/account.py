"""Chinese texts for the account department.

They are customer sentences and human agents' replies about logins, profiles, deleted accounts and newsletters.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "login": Wording(
        subjects=lines("""
            登录不了
            密码
            账号被锁
            进不去
        """),
        stories=lines("""
            提示密码错误，可是密码没错。
            更新以后就进不去了。
            验证码一直收不到。
            点登录就一直转圈。
            换了新手机，验证码还发到旧手机。
            重置密码的链接打开是空白。
        """),
        case_sentences={
            "unlocked": lines("""
                说账号被锁了。
                试的次数太多，被锁在外面。
                红框提示我被冻结。
            """)
        },
        requests=lines("""
            怎么才能登录？
            登不上去，用户名{login}。
            我要进去看订单，让我登录。
            能把验证码发到{email}吗？
            我的密码怎么回事？
        """),
        one_line_tickets=lines("""
            登录不了
            重置密码的邮件收不到
            账号锁了，救命
            没有旧手机怎么登录
            又登不上了
        """),
        topics=("登录问题", "密码不对的事", "收不到的验证码"),
        already_solved=lines("""
            昨天开始又能登录了。
            密码已经重置好了。
            账号锁了一天，现在能进了。
            验证码后来收到了。
        """),
        acknowledgement=lines("""
            很抱歉您无法登录账户。
            登录给您带来麻烦，非常抱歉。
        """),
        policy={
            "reset_link": lines("""
                新密码的链接已经发出，24小时内有效。请也看一下垃圾邮件。
                已经发出新密码的链接，有效期24小时。垃圾邮件里也请看一下。
            """),
            "unlocked": lines("""
                账户已经解锁，可以登录了。进去以后请换一个新密码。
                已经解锁，您可以登录。登录后请换新密码。
            """),
        },
    ),
    "delete_account": Wording(
        subjects=lines("""
            注销账号
            删除账户
            我的数据
            再见
        """),
        stories=lines("""
            我不在网上买东西了。
            我有两个账号，只要一个。
            我母亲去世了，她的账号用不着了。
            看了你们怎么用别人的数据。
            我总共就买过一次。
        """),
        case_sentences={
            "after_delivery": lines("""
                还有一个包裹在路上，收到再说。
                最后一单还没到，等到了再办。
                还有一个订单没完成。
            """)
        },
        requests=lines("""
            请把我的资料全部删掉。
            注销我的账号。
            我的账户和里面的数据都不要了。
            怎么注销账户？
            按个人信息保护法，请删除我的数据。
        """),
        one_line_tickets=lines("""
            注销账号
            请关闭我的账户
            把我的数据全删了！
            怎么注销
        """),
        topics=("注销账号", "要删的个人数据", "不用的账户"),
        already_solved=lines("""
            我的旧账号已经注销了，谢谢。
            第二个账号的数据你们已经删了。
            不用的那个账户已经关了。
        """),
        acknowledgement=lines("""
            注销账户的请求已经收到。
            已经看到您想注销账户。
        """),
        policy={
            "deleted": lines("""
                账户和数据24小时内删除。按法律规定，只有发票保存10年。
                24小时内删除账户和数据。发票依法保存10年。
            """),
            "after_delivery": lines("""
                最后一单送到以后就删除账户。在此之前您可以照常查看。
                您收到最后一单，账户就删除。之前照常可以查看。
            """),
        },
    ),
    "profile": Wording(
        subjects=lines("""
            换邮箱
            个人资料
            改名字
            资料有误
        """),
        stories=lines("""
            我的邮箱换成{email}了。
            我换了手机号，{phone}。
            称呼写成先生了，不对。
            页面不让我保存新邮箱。
            旧邮箱已经不用了。
        """),
        case_sentences={
            "proof_needed": lines("""
                我改了姓。
                出生日期也是错的。
                身份证上的名字改了。
            """)
        },
        requests=lines("""
            请在个人资料里改一下。
            能把资料改对吗？
            个人信息在哪里改？
            旧的资料请换掉。
        """),
        one_line_tickets=lines("""
            新邮箱{email}，帮改资料
            账户里的名字怎么改
            资料里手机号不对
            更新下资料：{phone}
        """),
        topics=("改个人资料", "新的邮箱", "账户里的名字"),
        already_solved=lines("""
            新名字已经在资料里了。
            邮箱你们已经改好了。
            我的资料上周已经改对了。
        """),
        acknowledgement=lines("""
            感谢您告知新的资料。
            您的资料修改请求已经收到。
        """),
        policy={
            "changed": lines("""
                已经修改，确认邮件已发出。请在24小时内点击里面的链接。
                点击确认邮件里的链接，修改就生效。请在24小时内点击。
            """),
            "proof_needed": lines("""
                这项修改需要证件复印件。请在个人资料里上传，不要用邮件发。
                修改这项要证件复印件。请在个人资料里上传，不要发邮件。
            """),
        },
    ),
    "newsletter": Wording(
        subjects=lines("""
            退订
            广告邮件
            邮件太多
            推送
        """),
        stories=lines("""
            每天都收到你们的邮件。
            退订的链接点了没用。
            我从来没订阅过你们的优惠。
            {product}的广告这周来了{count}次。
            退订过一次，又开始了。
        """),
        case_sentences={
            "catalogue": lines("""
                纸质的目录也一直寄。
                连信箱里都是你们的广告。
                还往家里寄宣传册。
            """)
        },
        requests=lines("""
            把我从名单里去掉。
            请停止发广告。
            不要优惠推送，但账号我要留着。
            别再发订阅邮件了。
        """),
        one_line_tickets=lines("""
            退订
            别再发邮件了
            请取消推送
            不要广告了
        """),
        topics=("订阅邮件", "邮箱里的广告", "没要过的推送"),
        already_solved=lines("""
            订阅邮件已经停了，谢谢。
            上次说过以后就没广告了。
            你们已经把我从名单里去掉了，好。
        """),
        acknowledgement=lines("""
            您关于订阅邮件的请求已经收到。
            抱歉给您发了不想要的邮件。
        """),
        policy={
            "stopped": lines("""
                已经把您从名单里去掉。已发出的邮件2天内可能还会收到。
                您已经不在名单里。2天内可能还有已发出的邮件。
            """),
            "catalogue": lines("""
                邮件和邮寄两个名单都已去掉。印好的目录4周内可能还会寄到。
                两个名单里都已去掉您。4周内可能还会收到印好的目录。
            """),
        },
    ),
}
