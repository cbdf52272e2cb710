"""Chinese texts for the after_sales department.

They are customer sentences and human agents' replies about broken, wrong and returned goods.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "repair": Wording(
        subjects=lines("""
            {product}坏了
            维修
            用不了了
            保修
            开不了机
        """),
        stories=lines("""
            开不了机了。
            声音很大，然后自己停了。
            充满电只能用十分钟。
            有个按键没有反应。
            {product}一直挺好用，上周开始一点动静都没有。
            屏幕显示错误，然后就黑了。
            充一晚上电，一个小时就没了。
        """),
        age_sentences=lines("""
            买了{age}。
            用了{age}了。
            是{age}前买的。
            {product}到手{age}。
        """),
        requests=lines("""
            我想维修，不要退款。
            请问怎么送修？
            这个在保修期内吗？
            寄到哪里去修？
            能不能找人修一下？
            修一下要多少钱？
        """),
        one_line_tickets=lines("""
            {product}坏了，能保修吗
            {product}怎么送修
            开不了机了，能修不
            电池坏了，修要多少钱
            我的{product}突然不转了
        """),
        topics=("维修", "坏掉的{product}", "保修的事"),
        already_solved=lines("""
            上次送修的已经修好了。
            你们修过的那个现在用着挺好。
            之前那台的毛病，维修部已经解决了。
            坏掉的电池已经保修换过了。
        """),
        acknowledgement=lines("""
            很抱歉您的{product}出现故障。
            您的{product}出现故障，非常抱歉。
        """),
        policy={
            "within_730_days": lines("""
                商品在24个月保修期内，维修免费。请用邮件里的标签寄回，大约需要10天。
                24个月的保修期还没有过，可以免费维修。请用邮件里的标签寄回，需要10天左右。
            """),
            "after_730_days": lines("""
                24个月的保修期已过，维修部会先给您报价。请简单回复说明故障。
                由于24个月保修期已过，我们会先报价。请回复说明一下故障。
            """),
        },
    ),
    "return_item": Wording(
        subjects=lines("""
            退货
            不合适
            想退
            不想要了
        """),
        stories=lines("""
            收到后觉得和想的不一样。
            尺寸放不下。
            不小心买了两个。
            颜色不搭。
            家里人已经买了一个。
            {product}没毛病，就是用不上。
            东西是好的，就是太大了。
        """),
        age_sentences=lines("""
            收到{age}了。
            {age}前到的。
            在家放了{age}。
            那是{age}前的事。
        """),
        requests=lines("""
            怎么退货？
            我想退回去，把钱拿回来。
            请发一个退货标签。
            退回去要办什么手续？
            还能退吗？
        """),
        one_line_tickets=lines("""
            发个退货标签
            {product}怎么退
            想退货，用不上
            不想要了，能退不
        """),
        topics=("退货", "想退回去的{product}", "退货标签"),
        already_solved=lines("""
            之前的退货已经办完了。
            另一件退货的事已经解决。
            要的退货标签已经收到了。
        """),
        acknowledgement=lines("""
            您的退货申请已经收到。
            已经看到您想退货。
        """),
        policy={
            "within_30_days": lines("""
                在30天退货期内，可以退还{sum}。退货标签见附件，请保留寄件凭证。
                还没有超过30天，可以退还{sum}。请使用附件的标签，并保留凭证。
            """),
            "after_30_days": lines("""
                30天退货期已过，只能给您半价的优惠券。请告诉我们您要不要。
                由于超过30天，只能提供半价的优惠券。要不要请告诉我们。
            """),
        },
    ),
    "damaged": Wording(
        subjects=lines("""
            到货就是坏的
            破损
            {product}裂了
            有划痕
        """),
        stories=lines("""
            箱子压扁了，里面的{product}裂了。
            拿出来就有一个拳头大的坑。
            一开箱玻璃全碎了。
            一拆包装就全是划痕。
            打开{product}，一条腿是断的。
        """),
        case_sentences={
            "replaced": lines("""
                照片在附件里。
                附上箱子和破损的照片。
                请看附件的照片。
            """)
        },
        requests=lines("""
            我要一个完好的。
            请把破的换一个。
            破的这个怎么处理？
            能重新发一个没坏的吗？
            我花的是全价，不是买破烂的，请换。
        """),
        one_line_tickets=lines("""
            到手就是碎的！！
            一打开{product}就是坏的
            收到就裂了，换一个
            运输摔坏了，求换新
        """),
        topics=("运输摔坏的事", "到手就坏的{product}", "换一个没破的"),
        already_solved=lines("""
            到手就坏的那个已经换过了。
            第一单里裂了的已经换新，谢谢。
            运输摔坏的你们已经重发了。
        """),
        acknowledgement=lines("""
            很抱歉您的{product}到货时已经破损。
            {product}到货就破损，非常抱歉。
        """),
        policy={
            "photo_needed": lines("""
                请发一张破损处和一张箱子的照片。收到以后马上给您发新的。
                我们需要破损处和箱子的照片各一张。收到后马上发新的。
            """),
            "replaced": lines("""
                感谢您的照片，新的今天出库。破损的可以直接扔掉。
                照片已经看清，今天发新的。破损的不用寄回，可以扔掉。
            """),
        },
    ),
    "wrong_item": Wording(
        subjects=lines("""
            发错货了
            不是我买的
            弄混了
            货不对
        """),
        stories=lines("""
            我买的是{product}，箱子里是别的东西。
            我要黑色，发来的{product}是蓝色。
            买的大号，发来小号。
            包裹里是别人买的东西。
            箱子上的标签对，里面是另一个型号。
        """),
        case_sentences={
            "money_back": lines("""
                对的那个我也不要了，已经在别处买了。
                不用再发了，我没兴趣了。
                现在对的也用不着了。
            """)
        },
        requests=lines("""
            发错的怎么换过来？
            没买过的东西怎么处理？
            请把弄错的换好。
            发错的这个怎么寄回去？
        """),
        one_line_tickets=lines("""
            发错货了
            怎么收到别人的东西
            要黑的发蓝的，换
            这不是我买的{product}！
        """),
        topics=("发错的货", "两个型号弄混的事", "换成对的颜色"),
        already_solved=lines("""
            上次发错的货已经换过来了。
            后来发了对的颜色。
            型号弄混的事几天就办好了。
        """),
        acknowledgement=lines("""
            很抱歉给您发错了货。
            发错了货，非常抱歉。
        """),
        policy={
            "swapped": lines("""
                对的今天出库。请把错的交给送货的快递员。
                今天发对的，快递员会把错的带回。
            """),
            "money_back": lines("""
                请用附件的标签把错的寄回。寄出以后马上退还{sum}。
                寄回的标签见附件。一寄出就退还{sum}。
            """),
        },
    ),
    "hazard": Wording(
        subjects=lines("""
            危险
            冒烟了！
            有火花
            安全吗
        """),
        stories=lines("""
            {product}冒烟了。
            一插电就冒火花。
            {product}烫得把桌子都烧黑了。
            摸外壳的时候被电了一下。
            电池鼓起来了，还有股怪味。
        """),
        case_sentences={
            "injured": lines("""
                我的手烫伤了。
                孩子受伤了，去了医院。
                手指麻了一个小时，医生开了证明。
            """)
        },
        requests=lines("""
            还能继续用吗？安全不安全？
            这么危险，现在该怎么处理？
            出事之前你们一定要查清楚。
            会不会着火？
        """),
        one_line_tickets=lines("""
            {product}冒烟了，怎么办
            {product}有火花危险吗
            {product}漏电！
            电池鼓包了咋办
        """),
        topics=("{product}冒烟的事", "插头冒火花", "鼓起来的电池"),
        already_solved=lines("""
            冒烟的那个你们已经收回检查了。
            冒火花的事，换了你们寄的插头就好了。
            电池鼓包的那个已经取走了。
        """),
        acknowledgement=lines("""
            感谢您提醒我们{product}的危险。
            您说的{product}的危险我们非常重视。
        """),
        policy={
            "stop_using": lines("""
                请拔掉插头，不要再用。2天内我们免费上门取件检测。
                不要再用，请一直拔着插头。我们2天内免费上门取走检测。
            """),
            "injured": lines("""
                有人受伤，我们非常难过，安全主管今天会给您打电话。请拔掉插头，也不要扔掉。
                既然有人受伤，安全主管今天会给您打电话。请拔掉插头并保留商品。
            """),
        },
    ),
}
