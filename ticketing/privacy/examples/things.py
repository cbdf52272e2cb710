"""Words for the {fields} that are not personal data: products, companies, currencies, days."""

PRODUCTS = (
    "kettle", "phone case", "sofa", "toaster", "running shoes", "winter jacket", "USB cable", "laptop",
    "coffee machine", "garden hose", "mattress", "guitar", "bicycle pump", "necklace", "perfume", "printer",
    "monitor", "Kindle", "PlayStation 5", "lamp", "yoga mat",
    "smart watch", "camera", "microwave", "pressure cooker", "power bank", "charger", "shelf", "rug",
    "kettle bell", "rice cooker", "screen protector", "rain coat", "sandals", "scarf", "wallet", "suitcase",
    "pillow", "duvet", "curtain", "frying pan", "knife set", "water bottle", "air fryer", "iron", "hair dryer",
    "toothbrush", "razor", "router", "keyboard", "mouse", "tablet", "e-reader", "projector", "soundbar",
    "turntable", "ukulele", "skateboard", "helmet", "bike lock", "sleeping bag", "fishing rod", "dumbbells",
    "lawn mower", "ladder", "paint roller", "wrench", "plant pot", "dog bed", "cat litter", "aquarium", "pushchair",
    "car seat", "doll", "puzzle", "board game", "novel", "calendar", "fountain pen", "bracelet", "earrings",
    "sunglasses", "lipstick", "face cream", "shampoo", "vitamins", "thermometer", "humidifier", "heater", "fan",
    "freezer", "dishwasher", "oven", "washing machine", "bunk bed", "wardrobe", "bookcase", "armchair", "stool",
    "mirror", "candle", "vase", "teapot",
)  # fmt: skip
# Endings for invented words, because new product names appear every day.
ENDINGS = (
    "ie", "ies", "y", "er", "ers", "ing", "ed", "ish", "ness", "less", "able", "ette", "let", "ful", "ist", "ism", "ly",
    "ment", "tion", "o", "on", "ic", "al", "age", "ery", "proof", "board", "maker", "holder", "s",
)  # fmt: skip
MEASURES = (
    "metres", "meters", "cm", "mm", "inches", "feet", "miles", "km", "square metres", "square feet", "kg", "kilograms",
    "grams", "pounds", "litres", "ml", "hours", "minutes", "days", "weeks", "months", "years", "people", "pieces",
    "percent", "degrees", "watts", "volts", "GB", "rooms", "seats", "nights", "steps", "times",
)  # fmt: skip
NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "fifteen", "twenty",
    "thirty", "fifty", "a hundred", "two hundred", "twenty-five",
)  # fmt: skip
DATES = (
    "%d/%m/%Y", "%Y-%m-%d", "%d %B %Y", "%B %d", "%d.%m.%Y", "%m/%d/%y", "%d %B", "%B %d, %Y", "%d %b", "%b %d",
    "%d. %B", "%dth of %B", "the %dth of %B", "%A %d %B", "%B %Y", "%B %dth",
)  # fmt: skip
# Syllables for invented names of companies, bands and apps.
COINED = (
    "ac", "al", "ax", "bi", "bo", "cen", "clo", "cor", "data", "de", "dyn", "eco", "en", "ex", "fin", "flu",
    "gen", "go", "gra", "hel", "in", "jo", "ka", "lab", "lex", "lo", "lum", "ma", "med", "me", "mi", "mon",
    "ne", "no", "nu", "op", "or", "pa", "pe", "pri", "qua", "ra", "ri", "ro", "sa", "sen", "so", "spa",
    "sta", "sy", "ta", "tel", "ti", "tra", "u", "va", "ver", "vi", "vo", "xe", "zen", "zo",
)  # fmt: skip
COINED_ENDS = (
    "", "", "cloud", "corp", "dy", "ex", "gov", "ia", "ify", "ics", "io", "ix", "labs", "lica", "logic", "lytics", "ly",
    "ment", "ora", "pay", "soft", "sys", "tech", "tics", "ture", "ware", "x", " AG", " GmbH", " Inc", " Inc.", " LLC",
    " Ltd.", " Group", " Health", " Systems", " Partners", " Media", " & Co",
)  # fmt: skip
# Lines of dashes and similar signs that mail programs and people put above a signature.
RULES = ("_______________", "________", "--", "-- ", "---", "-----", "*****", "=====", "~~~~", "—", "* * *", "_" * 32)
CURRENCIES = ("EUR", "USD", "GBP", "CNY", "CHF", "AUD", "euros", "dollars", "pounds", "€", "Euro", "eur", "usd")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "monday", "friday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
COMPANIES = (
    "Amazon", "DHL", "UPS", "FedEx", "PayPal", "Klarna", "Apple", "Samsung", "Vodafone", "the post office",
    "my bank", "Ikea", "Barclays", "Western Union", "Royal Mail", "Walmart", "Netflix", "Microsoft", "Ryanair",
    "Lufthansa", "Hermes", "Dell",
)  # fmt: skip
SMALL_WORDS = (
    "a", "an", "the", "this", "that", "my", "your", "his", "her", "our", "their", "no", "any", "some", "every", "to",
    "of", "by", "with", "for", "from", "at", "in", "on", "about", "after", "before", "against", "between", "without",
    "like", "and", "or", "but", "nor", "because", "if", "when", "while", "than", "as", "is", "are", "was", "were",
    "has", "had", "have", "will", "would", "can", "could", "should", "may", "must", "do", "did", "does", "not", "never",
    "always", "I", "you", "he", "she", "it", "we", "they", "me", "him", "us", "them", "who", "what", "which", "where",
    "why", "how", "said", "says", "called", "gave", "told", "asked", "went", "made", "got", "sent", "wants", "likes",
    "there", "here", "now", "then", "still", "again", "only", "also", "very", "so", "too", "just", "even", "yes",
)  # fmt: skip
QUOTES = ('""', "''", "“”", "()", "[]", "«»")
STOPS = ("", "", "", "", "", "", ",", ":", " -", " –", ";")
