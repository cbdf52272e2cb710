"""Chinese phrases that do not depend on the intent. The tickets and replies of all intents use them."""

from ticketing.sample.intents import lines

LANGUAGE = "zh"
SENTENCE_SEPARATOR = ""

GREETINGS = ("您好，", "你好！", "客服您好，", "在吗？", "亲，", "", "", "")
CLOSINGS = ("谢谢！\n{name}", "麻烦了。{name}", "祝好\n{name}", "谢谢", "多谢啦", "", "", "")
FILLERS = lines("""
    我是老顾客了。
    帮助页面我都看过了，没找到答案。
    上周已经在线留言，只收到自动回复。
    是同事推荐我来问的。
    我四点以前都在办公室。
    之前聊天客服聊到一半就断了。
    不好意思，我比较急。
    年底你们忙，我也理解。
    你们以前一直挺热心的。
    不知道问你们对不对。
    我不太会打字，见谅。
    孩子帮我写的，请多包涵。
""")

# Sentences that state the order number, or why it is missing, and often the product and the price.
WITH_ORDER = lines("""
    订单号{order}。
    我的订单是{order}。
    是订单{order}里的{product}。
    订单{order}，{product}。
    订单{order}：{product}，{amount}。
    {product}花了{amount}，订单{order}。
    我说的是订单{order}的{product}（{amount}）。
    单号{order}。
""")
WITHOUT_ORDER = lines("""
    是{product}的事。
    就是{amount}的那个{product}。
    订单号找不到了，是{product}，{amount}。
    手边没有订单号。
""")
WRONG_ORDER = lines("""
    订单号是{wrong}。
    订单{wrong}，{product}。
    单号好像是{wrong}。
    订单{wrong}，{product}，{amount}。
""")
CORRECTED_ORDER = lines("""
    不好意思，两个单号弄混了，是{order}，不是{order2}。
    更正一下，订单是{order}，前面说的{order2}是另一个。
    不是电话里说的{order2}，是{order}。
""")
POSTSCRIPTS = lines("""
    补充：{detail}
    更新：{detail}
    忘了说：{detail}
    可能还要这个：{detail}
""")

# Sentences that mention two matters; the customer asks for {topic} only. Most sentences also occur with the two matters
# in the other order, so that a model can't tell by the position which matter the customer asks for.
TWO_TOPICS = lines("""
    这次不是为了{other}，是为了{topic}。
    这次是为了{topic}，不是为了{other}。
    我要处理的是“{topic}”，不要处理的是“{other}”。
    我不要处理的是“{other}”，要处理的是“{topic}”。
    {other}可以先不管，{topic}不可以先不管。
    {topic}不可以先不管，{other}可以先不管。
    比起{other}，{topic}更重要。
    “{topic}”比“{other}”更重要。
    “{other}”没有“{topic}”重要。
    以前问的是{other}，今天问的是{topic}。
    今天问的是{topic}，以前问的是{other}。
    你们回答了{other}，没有回答{topic}。
    你们没有回答“{topic}”，只回答了“{other}”。
    “{other}”已经解决了，“{topic}”还没解决。
    {topic}还没解决，{other}已经解决了。
    你们同事以为我说的是{other}，其实我说的是{topic}。
    其实我说的是{topic}，你们同事以为我说的是{other}。
    先说“{topic}”，再说“{other}”，后面那个不急。
    “{other}”不急，急的是“{topic}”。
    急的是{topic}，{other}不急。
""")
# Texts with two requests. The human agent answers {ask}, and passes {other} on to the department that handles it.
TWO_REQUESTS = lines("""
    最急的是这个：{ask}办好以后，还有“{other}”。
    有两件事。主要的：{ask}另一件是“{other}”，可以等。
    还有“{other}”，那个不急。不能等的是：{ask}
    {ask}这个先办。以后再看看“{other}”。
    “{other}”有空再办。先办这个：{ask}
""")
# Updates that a customer writes below an earlier mail. First: the request of that mail is solved, and a new one follows.
# Then: another matter is solved, and the request of that mail is still open.
NEW_REQUEST_UPDATES = lines("""
    更新：那件事过去了。{settled}现在是别的事。{request}
    过了一天：上面的不用处理了。{settled}但是：{request}
    两小时后补充：上面写的办好了。{settled}没办好的是：{request}
    更新：上面的不用管了。{settled}{request}
    补充：上面的可以关了。{settled}现在要的是：{request}
""")
STILL_OPEN_UPDATES = lines("""
    更新：{settled}上面写的还没解决。
    补充：{settled}但上面的事我还在等。
    顺便说一下：{settled}其他的还是照上面。
    更新：{settled}上面的事还是老样子。
""")
# First sentences of a customer who answers a mail from the shop and quotes it.
FOLLOW_UPS = lines("""
    谢谢这么快回复，但是没有用。
    那是自动回复吧？
    你们上一封说的是别的事。
    回复你们下面的邮件。
    按你们说的再写一遍。
""")
SHOP_QUESTIONS = lines("""
    感谢您的来信，能再说详细一点吗？
    尊敬的顾客，请问是哪方面的问题？
    来信已收到，请用您自己的话再说一遍。
""")

# Sentences of angry customers. None of them says what the matter is.
RANT_SENTENCES = lines("""
    我真的快没耐心了，我这个人平时脾气很好，不信你问认识我的人。
    这点事我花的时间早就超过东西本身的钱了，谁赔我时间？
    我老公一开始就说去楼下小店买，这回还真让他说对了。
    都什么年代了，你们这么大的公司，这么简单的事都做不好。
    我不是那种动不动就抱怨的人，我自己也开过二十年小店。
    家里两个孩子，还要上班，还有一条狗，晚上哪有时间给你们写信！！
    我要是像你们这样干活，一个星期就被开除了，还没话说。
    最气人的是页面上看着都那么亲切，个个都在笑。
    中午吃饭我都跟同事说了，我们办公室四十个人。
    千万别再说我的问题对你们很重要，听够了。
    我现在对着一杯凉咖啡，第二遍打这些字，因为第一遍你们的页面给弄没了。
    我爸常说，看一家店好不好，就看出了问题怎么办。
    我真不知道还能怎么办了，说实话都快哭了。
    我是退休的，钱不是大风刮来的。
    以前你们不是这样的，那时候电话响两声就有人接。
    我现在心平气和地写下来，其实一点也不平和，希望看的是个活人。
    每封邮件每张单子我都留着，文件夹都快放不下了。
    昨天晚上和懂行的女儿坐下来看，她也不敢相信。
    看信的这位别介意，我知道不怪你，你也只是上班。
    这个星期全毁了，本来车子送修就够烦的。
    你们自己试过自己的服务吗，就当一回普通顾客，试试！
    等了一天又一天，一天又一天，每次都说再等等，再等等，我这个年纪的人还能等多久？
    别人都劝我算了，可是我咽不下这口气，这不是钱的问题，是做人的道理。
    昨晚我翻来覆去睡不着，把这事从头又想了一遍，我这个年纪哪经得起这样折腾。
    老伴说算了吧，可我从小就是做事要做到底的人。
    你们那么大一栋楼，总有一个能拍板的人吧，还是人人只会按按钮？
    以前合唱团里谁买东西我都推荐你们，现在每个星期四她们都笑着问我。
    我知道先看信的是机器，机器你好，麻烦叫个人来。
    我们年轻那会儿，到柜台一说，十分钟就办完了。
    儿子说要发到网上去，还要配图，他懂这些。
    我查过你们公司是谁管的，真想把信寄到她家去。
    事后别给我发五颗星的调查，我真不知道该怎么点。
    填了四张表，输了两遍密码，还点了半天红绿灯，才能写上这几句。
    你们哪里知道被人当皮球踢来踢去是什么滋味，个个都说没空。
    我在火车上写的，过一个山洞断一次网，就这样还比你们快。
    按理说我该给你们开张账单，算算我的时间，我一小时可不便宜。
    有个朋友是律师，吃饭的时候我念给她听，她只是摇头。
    连我家的猫都用同情的眼光看我，你们说到了什么地步。
    话说到这份上，我也不怕你们笑话，我昨天真的气得一口饭都没吃下去，药倒是多吃了一片。
""")
RANT_INTRODUCTIONS = lines("""
    再说一遍，大家都听明白：
    长话短说，我想知道的是：
    我只要一样：
    先把问题写在前面：
""")
NEUTRAL_SUBJECTS = ("{order}", "{product}", "问题", "请看一下", "我的请求", "求助", "跟进", "两件事")
FIRST_LINES_SENT_AGAIN = ("之前已经问过一次，请尽快回复。", "再发一次。", "怕你们没看到，重发一下。")

REPLY_GREETINGS = ("{name}您好，", "尊敬的{name}，您好，")
REPLY_GREETINGS_WITHOUT_NAME = ("您好，", "尊敬的顾客，您好，")
# The human agent repeats the order number, so that the customer can check it.
ORDER_CONFIRMATIONS = ("查到您的订单{order}{details}。", "您的订单是{order}{details}。")
ASK_ORDER_NUMBER = lines("""
    请提供订单号，方便我查询。确认邮件和发货单上都有。
    有了订单号我就能查询。订单号在确认邮件和发货单上。
""")
CHECK_ORDER_NUMBER = lines("""
    {wrong}不是我们的订单号，我们的更长。请从确认邮件或发货单上抄一下。
    我们的订单号比{wrong}长。请看确认邮件或发货单。
""")
ASK_DATE = lines("""
    请告诉我那是多久以前的事。怎么处理要看时间。
    怎么处理要看是多久以前的事。请告诉我。
""")
PASSED_ON = lines("""
    另一个请求已经转给{other_team}团队。
    {other_team}团队已收到您的另一个请求。
""")
REPLY_CLOSINGS = ("祝您生活愉快！\n{team}团队", "感谢您的理解。\n{team}团队")
TEAMS = {
    "logistics": "物流", "after_sales": "售后", "complaint": "客户关怀", "payment": "账务", "account": "账户",
    "product_question": "商品咨询",
}  # fmt: skip
UNNAMED_PRODUCT = "商品"
UNNAMED_AMOUNT = "全款"
# The details of an order are its product, its amount and its age.
DETAILS_PREFIX, DETAILS_SEPARATOR, AGE_DETAIL = "：", "，", "{age}前"
