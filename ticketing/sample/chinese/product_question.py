"""Chinese texts for the product_question department.

They are customers' questions before they buy, and human agents' replies.
"""

from ticketing.sample.intents import Wording, lines

WORDINGS = {
    "technical": Wording(
        subjects=lines("""
            咨询{product}
            买之前问一下
            {product}
            参数
        """),
        stories=lines("""
            我想买一个{product}。
            页面上{product}写得不多。
            朋友说{product}功能比写的多。
            我在拿{product}和别家的比。
            想用你们的换掉家里的旧{product}。
        """),
        case_sentences={
            "outdoors": lines("""
                我想在院子里用。
                可以在户外用吗？
                会放在阳台上，也会淋雨。
            """),
            "abroad": lines("""
                支持110伏吗？
                要带到插座不一样的国家。
                在美国能用吗？
            """),
        },
        requests=lines("""
            尺寸是多少？
            电池能用多久？
            有多重？
            是什么材质？
            声音大不大？
        """),
        one_line_tickets=lines("""
            {product}多重
            {product}续航多久？
            {product}小厨房放得下吗
            {product}什么材质的
        """),
        topics=("商品参数", "{product}的尺寸", "电池能用多久"),
        already_solved=lines("""
            上次问的尺寸已经有答案了。
            说明书里找到电池能用多久了。
            重量你们上次告诉我了，谢谢。
        """),
        acknowledgement=lines("""
            感谢您咨询{product}。
            很高兴为您介绍{product}。
        """),
        policy={
            "data_sheet": lines("""
                尺寸、重量、材质和续航都在商品页底部的表格里。参数表也附上了。
                商品页底部的表格有尺寸、重量、材质和续航。附件是参数表。
            """),
            "outdoors": lines("""
                只能室内使用，淋雨会损坏。户外请找页面上有水滴标志的商品。
                淋雨会损坏，请只在室内用。户外用的商品页面上有水滴标志。
            """),
            "abroad": lines("""
                支持100到240伏。插座不同需要转换插头，我们不卖。
                100到240伏都能用。不同的插座要转换插头，我们没有卖。
            """),
        },
    ),
    "availability": Wording(
        subjects=lines("""
            卖完了？
            什么时候有货
            {product}
            大一号
        """),
        stories=lines("""
            {product}缺货好几个星期了。
            想再买一个{product}，按钮是灰的。
            我姐买的那款{product}页面上没有了。
            我要{count}个{product}，页面只让买一个。
            大的{product}放不进购物车。
        """),
        case_sentences={
            "other_colour": lines("""
                别的颜色也行。
                什么颜色我都不介意。
                颜色无所谓。
            """)
        },
        requests=lines("""
            什么时候能再买到？
            以后还会有货吗？
            会不会补货？
            有货了请告诉我。
        """),
        one_line_tickets=lines("""
            {product}啥时候有货
            {product}什么时候再卖？
            {product}是不是不卖了
            有大一号的{product}吗
        """),
        topics=("缺货的{product}", "补货的日子", "大一号的款"),
        already_solved=lines("""
            之前缺货的已经有了，我看到了。
            大一号什么时候来你们告诉我了，谢谢。
            补货的问题已经有答案了。
        """),
        acknowledgement=lines("""
            感谢您关注{product}。
            很高兴您喜欢{product}。
        """),
        policy={
            "notified": lines("""
                目前缺货，6周内会补货。请点商品页的铃铛，到货会发邮件给您。
                6周内会补货。点一下商品页的铃铛，到货就发邮件。
            """),
            "other_colour": lines("""
                白色和灰色有货。两种颜色都在商品页图片下面。
                有货的是白色和灰色。请看商品页图片下面。
            """),
        },
    ),
    "delivery_terms": Wording(
        subjects=lines("""
            配送问题
            下单之前问一下
            运费
            送不送
        """),
        stories=lines("""
            {product}在购物车里，还没下单。
            下单之前想了解一下。
            我从来没在你们家买过。
            {product}是过生日要用的。
            页面上没写。
        """),
        case_sentences={
            "abroad": lines("""
                我住在挪威。
                要寄给瑞士的朋友。
                收货地址在国外。
            """)
        },
        requests=lines("""
            下单的话运费多少？
            今天下单多久能到？
            如果下单，能送到四楼吗？
            下单的话你们发什么快递？
        """),
        one_line_tickets=lines("""
            运费多少
            今天下单哪天能到？
            下单的话周六送货吗
            {product}包邮吗
        """),
        topics=("下单之前问的运费", "配送范围", "还没下的单发什么快递"),
        already_solved=lines("""
            运费多少你们说过了，清楚了。
            下单前问的配送已经有答案了。
            发什么快递我已经知道了。
        """),
        acknowledgement=lines("""
            感谢您下单之前来咨询。
            很高兴为您介绍配送方式。
        """),
        policy={
            "home": lines("""
                运费10元，2到4天送到家门口。满99元免运费。
                2到4天送到家门口，运费10元。满99元包邮。
            """),
            "abroad": lines("""
                8天内可以送到，运费120元。关税由快递公司另收。
                可以送，8天内到，运费120元。快递公司另收关税。
            """),
        },
    ),
    "return_terms": Wording(
        subjects=lines("""
            不喜欢怎么办
            买之前问问
            能退吗
            试用
        """),
        stories=lines("""
            不知道{product}合不合适。
            我想先在家试试{product}。
            还没有下单。
            你们有两款我都可以，定不下来。
            以前的{product}是别家买的，那家什么都不给退。
        """),
        case_sentences={
            "present": lines("""
                是要送人的。
                给侄女过年的礼物。
                我会送给别人。
            """)
        },
        requests=lines("""
            买了不喜欢能退吗？
            那样的话钱会退给我吗？
            如果买了，退货运费谁出？
            买了可以试多久？
            能买两个再退一个吗？
        """),
        one_line_tickets=lines("""
            还没买，不喜欢能退不
            如果买了{product}不合适，退钱吗？
            {product}能试用多久
            买之前问下退货规则
        """),
        topics=("买之前问的退货规则", "在家试用的事", "以后不喜欢能不能退"),
        already_solved=lines("""
            怎么退货的规则我已经知道了。
            在家试用的问题已经有答案了。
            退货规则我清楚了。
        """),
        acknowledgement=lines("""
            感谢您购买之前来咨询。
            很高兴为您介绍退货规则。
        """),
        policy={
            "thirty_days": lines("""
                可以试用30天，不喜欢全额退。退货运费也由我们承担。
                30天内不喜欢可以全额退。退货运费我们出。
            """),
            "present": lines("""
                送人的话凭礼品单，期限是60天。下单时请勾选礼品单。
                凭礼品单期限是60天。下单时可以勾选。
            """),
        },
    ),
}
