"""Chinese texts for the payment department.

They are customer sentences and human agents' replies about charges, refunds, invoices and vouchers.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "double_charge": Wording(
        subjects=lines("""
            重复扣款
            金额不对
            扣了两次
            银行账单
        """),
        stories=lines("""
            银行账单上同一笔扣了两次。
            今天早上又扣了我一次钱。
            一个{product}收了我两次钱。
            一个订单，两笔记录。
            只下了一单，卡里扣了第二次。
        """),
        age_sentences=lines("""
            第二笔是{age}前的。
            {age}前扣的。
            那是{age}前的事。
            银行记的是{age}前。
        """),
        requests=lines("""
            请把多扣的退回来。
            为什么又扣一次？
            帮我查一下付款。
            请把第二笔改正过来。
            买一次就该付一次。
        """),
        one_line_tickets=lines("""
            扣了两次钱！！
            怎么扣我两遍钱
            卡上重复扣款，处理下
            {order}扣了两次款
        """),
        topics=("重复扣款", "第二笔扣款", "多扣的钱"),
        already_solved=lines("""
            上个月多扣的钱已经退回来了。
            重复扣款的问题已经处理好。
            第二笔扣款自己从账单上消失了。
        """),
        acknowledgement=lines("""
            第二笔付款已经核对。
            两笔付款我都看过了。
        """),
        policy={
            "within_7_days": lines("""
                第二笔只是预授权，银行7天内会解除。到时还在的话，请把账单发给我们。
                这是预授权，7天内银行会解除。如果到时还在，请发账单给我们。
            """),
            "after_7_days": lines("""
                这是我们误扣，今天已经退还{sum}。会回到您付款的卡上。
                今天已经退还{sum}，是我们误扣。款项回到付款的卡上。
            """),
        },
    ),
    "refund_missing": Wording(
        subjects=lines("""
            退款没到
            我的钱呢
            退款
            还没退
        """),
        stories=lines("""
            {product}我已经寄回去了，有凭证。
            你们说退款已经在路上了。
            {tracking}显示退货已经到仓库。
            订单是你们取消的，不是我。
            你们确认了退货，之后就没动静了。
            账单上什么都有，就是没有退款。
        """),
        age_sentences=lines("""
            你们收到退货{age}了。
            退货{age}前就到了。
            东西在你们那儿{age}了。
            确认退货是{age}前。
        """),
        requests=lines("""
            退款一直没有到账。
            钱什么时候退给我？
            到现在一分钱没见到。
            退款退到哪张卡了？
            请把欠我的钱退了。
        """),
        one_line_tickets=lines("""
            退款呢
            {product}退了，钱还没到
            {order}什么时候退款
            退款还没到账！！
        """),
        topics=("没到账的退款", "一直在等的退款", "退货以后的钱"),
        already_solved=lines("""
            退款已经到了，不用管了。
            退货的钱收到了，没问题了。
            等的那笔退款星期一到了。
        """),
        acknowledgement=lines("""
            抱歉，您的退款还没有到账。
            知道您在等退款。
        """),
        policy={
            "within_14_days": lines("""
                退货到达后14天内退款，目前还在时限内。{sum}会回到您付款的卡上。
                目前还在14天的时限内，请稍等。款项会回到付款的卡上。
            """),
            "after_14_days": lines("""
                14天的时限已过，我今天已经加急退还{sum}。明天到账。
                由于超过14天，今天已经加急退还{sum}。您明天就能收到。
            """),
        },
    ),
    "invoice": Wording(
        subjects=lines("""
            发票
            开票
            订单{order}的发票
            要票
        """),
        stories=lines("""
            箱子里没有发票。
            {product}里的那张票我弄丢了。
            发票上的金额我没付过。
            会计找我要票。
            你们发的附件打不开。
        """),
        case_sentences={
            "company": lines("""
                要开公司抬头。
                上面要有我们单位的名字。
                得写公司名称和税号。
            """)
        },
        requests=lines("""
            请把发票发给我。
            月底之前我要这张票。
            能发一份到{email}吗？
            发票在哪里下载？
            请开一张正规发票。
        """),
        one_line_tickets=lines("""
            发票呢
            {order}要发票
            箱子里没票，补一张
            发票能再发一次不
        """),
        topics=("发票", "会计要的票", "箱子里没有的发票"),
        already_solved=lines("""
            更正的发票已经收到。
            发票在箱子里找到了。
            公司抬头的票已经到了，谢谢。
        """),
        acknowledgement=lines("""
            感谢您询问发票。
            发票已经为您查到。
        """),
        policy={
            "sent": lines("""
                金额{sum}的发票见附件。账户的订单页面也能下载。
                附件是金额{sum}的发票，账户的订单页面也有。
            """),
            "company": lines("""
                请提供公司全称、地址和税号。收到后24小时内发新的发票。
                开新的发票需要公司全称、地址和税号。收到后24小时内发出。
            """),
        },
    ),
    "voucher": Wording(
        subjects=lines("""
            优惠券
            券用不了
            礼品卡
            优惠码
        """),
        stories=lines("""
            优惠码提示无效。
            付款的时候说我的礼品卡不存在。
            生日邮件里的券码我输了{count}遍。
            一到结算页优惠就没了。
            {product}放在购物车里，就是券用不上。
        """),
        case_sentences={
            "expired": lines("""
                我看上面的日期已经过了。
                有效期到上个月。
                我知道过期几天了。
            """)
        },
        requests=lines("""
            券怎么用？
            请让这个券能用。
            能补发一张券吗？
            我想用礼品卡付款。
        """),
        one_line_tickets=lines("""
            优惠券用不了
            礼品卡结算时用不了
            优惠码无效？？
            怎么用券付款
        """),
        topics=("优惠券", "用不了的礼品卡", "优惠码"),
        already_solved=lines("""
            优惠券第二次试就能用了。
            礼品卡最后还是用上了。
            优惠后来减掉了。
        """),
        acknowledgement=lines("""
            很抱歉您的优惠券用不了。
            优惠券给您添麻烦了。
        """),
        policy={
            "new_code": lines("""
                新的券码已经发到您的邮箱，30天内有效。输入时请不要加空格。
                已经发给您新的券码，有效期30天。输入时不要加空格。
            """),
            "expired": lines("""
                过期的券不能使用，也不能兑现。作为补偿，给您发一张半价值的新券。
                券已过期，不能使用。我们补偿您一张半价值的新券。
            """),
        },
    ),
    "price_drop": Wording(
        subjects=lines("""
            降价了
            价格
            差价
            搞活动
        """),
        stories=lines("""
            {product}现在页面上便宜了四分之一。
            我刚付完款你们就搞活动。
            同样的{product}今天比我买的时候便宜。
            朋友买同样的东西便宜好多。
            我一下单你们就降价。
        """),
        age_sentences=lines("""
            我是{age}前买的。
            订单是{age}前的。
            {age}前付的款。
            那是{age}前。
        """),
        requests=lines("""
            差价能退吗？
            请把多付的退给我。
            能按今天的低价算吗？
            我也要低的那个价。
        """),
        one_line_tickets=lines("""
            降价了，差价退不退
            刚买{product}就打折……
            价格降了，退差价
            能保价吗
        """),
        topics=("差价", "降价的事", "刚买就打折的事"),
        already_solved=lines("""
            另一样东西的差价已经给我了，谢谢。
            活动的差价已经退了。
            降价的那笔差价已经到卡上了。
        """),
        acknowledgement=lines("""
            感谢您询问差价。
            已经看到，您购买以后降价了。
        """),
        policy={
            "within_14_days": lines("""
                购买后14天内可以退差价，给您退。款项会回到付款的卡上。
                还没有超过14天，差价可以退。款项会回到付款的卡上。
            """),
            "after_14_days": lines("""
                只在购买后14天内退差价，现在已经超过。请您谅解。
                退差价的14天期限已过。希望您能谅解。
            """),
        },
    ),
}
