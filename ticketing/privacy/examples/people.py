"""Makes up names and postal addresses from many countries, in the various ways in which customers write them."""

import random
from functools import cache
from typing import Any

from faker import Faker
from faker.proxy import Faker as Proxy

from ticketing.privacy.examples import streets

# The customers of an English or Chinese shop come from anywhere. Most of these locales use the Latin script, some the
# Greek or Cyrillic script. A locale that is listed more than once is drawn more often.
LOCALES = (
    "en_US", "en_US", "en_US", "en_GB", "en_GB", "en_CA", "en_AU", "en_IE", "en_NZ", "en_IN", "en_PK", "en_NG", "en_PH",
    "de_DE", "de_AT", "de_CH", "fr_FR", "fr_BE", "fr_CA", "es_ES", "es_MX", "es_CO", "pt_BR", "pt_PT", "it_IT", "nl_NL",
    "nl_BE", "da_DK", "no_NO", "sv_SE", "fi_FI", "is_IS", "et_EE", "lt_LT", "lv_LV", "pl_PL", "cs_CZ", "sk_SK", "sl_SI",
    "hr_HR", "bs_BA", "hu_HU", "ro_RO", "tr_TR", "el_GR", "el_CY", "ru_RU", "uk_UA", "bg_BG", "id_ID", "vi_VN",
    "fil_PH", "ga_IE", "sq_AL", "az_AZ", "yo_NG", "ha_NG", "uz_UZ",
)  # fmt: skip
TITLES = ("Mr.", "Mrs.", "Ms.", "Miss", "Dr.", "Mr", "Mrs", "Ms", "Dr", "Prof.", "Sir", "Madam")


@cache
def _fakers() -> dict[str, Proxy]:
    fakers = {locale: Faker(locale) for locale in LOCALES}
    # Faker makes this list from a set, so that its order would be different in every process.
    italian: Any = next(provider for provider in fakers["it_IT"].factories[0].providers if hasattr(provider, "cities"))
    italian.cities = sorted(italian.cities)
    return fakers


AFTER_NAMES = (
    " Jr.", " Sr.", " III", " II", " Jr", " PhD", " MD", ", PhD", ", M.D.", " DDS", " MBA", " Esq.", " RN", " DVM",
    ", CPA",
)  # fmt: skip


class People:
    """Makes names and addresses from a seed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        for faker in _fakers().values():
            faker.seed_instance(rng.randrange(2**32))

    def known_names(self) -> frozenset[str]:
        """All first and family names, in lower case."""
        names: set[str] = set()
        for faker in _fakers().values():
            for provider in faker.factories[0].providers:
                for kind in ("first_names", "last_names", "first_names_male", "first_names_female"):
                    names |= {str(name).casefold() for name in getattr(provider, kind, ())}
        return frozenset(names)

    def faker(self) -> Proxy:
        """The Faker of a random country."""
        return _fakers()[self.rng.choice(LOCALES)]

    def faker_of_well_covered_country(self) -> Proxy:
        """The Faker of a random country for which Faker makes more than names and addresses."""
        return _fakers()[self.rng.choice(LOCALES[:8])]

    def full_name(self) -> str:
        """A person's full name, in one of the forms in which people sign."""
        rng, faker = self.rng, self.faker()
        first, last = faker.first_name(), faker.last_name()
        shape = rng.random()
        if shape < 0.62:
            name = f"{first} {last}"
        elif shape < 0.70:
            name = f"{first} {rng.choice('ABCDEFGHJKLMNPRSTVW')}. {last}"
        elif shape < 0.75:
            name = f"{first} {rng.choice('ABCDEFGHJKLMNPRSTVW')} {last}"
        elif shape < 0.79:
            name = f"{first[0]}. {last}"
        elif shape < 0.84:
            name = f"{first} {self.faker().last_name()}"
        elif shape < 0.88:
            name = f"{first} {self.faker().first_name()} {last}"
        elif shape < 0.92:
            name = f"{first} {last}-{faker.last_name()}"
        elif shape < 0.93:
            name = f"{last}, {first}"
        elif shape < 0.95:
            name = f"{rng.choice(TITLES)} {first} {last}"
        elif shape < 0.965:
            name = f"{first} {rng.choice(('van', 'van der', 'de', 'di', 'von', 'al', 'bin', 'da', 'du', 'el'))} {last}"
        else:
            name = f"{first} {last}{rng.choice(AFTER_NAMES)}"
        return self._cased(name)

    def first_name(self) -> str:
        """A first name alone."""
        return self._cased(str(self.faker().first_name()))

    def last_name(self) -> str:
        """A family name alone."""
        return self._cased(str(self.faker().last_name()))

    def title(self) -> str:
        """A title before a family name."""
        title = self.rng.choice(TITLES)
        return title.lower() if self.rng.random() < 0.15 else title

    def _cased(self, name: str) -> str:
        chance = self.rng.random()
        if chance < 0.13:
            return name.lower()
        return name.upper() if chance < 0.17 else name

    def place(self) -> str:
        """A town. A town alone is not personal data."""
        return str(self.faker().city())

    def country(self) -> str:
        """The English name of a country."""
        return str(_fakers()["en_US"].country())

    def _numbers(self) -> dict[str, str]:
        rng = self.rng
        digits = rng.choice((1, 2, 2, 2, 3, 3, 3, 4, 5))
        return {
            "n": str(rng.randrange(10 ** (digits - 1), 10**digits)),
            "m": str(rng.randrange(1, 400)),
            "l": rng.choice("ABCDEFabcd"),
        }

    def _stem(self) -> str:
        rng = self.rng
        chance = rng.random()
        if chance < 0.3:
            return rng.choice(streets.STREET_STEMS)
        faker = self.faker()
        if chance < 0.6:
            return str(faker.last_name())
        if chance < 0.75:
            return str(faker.first_name())
        if chance < 0.9:
            return str(faker.city())
        return str(faker.last_name())[: rng.randrange(3, 7)] + rng.choice(streets.STREET_ENDINGS)

    def street(self) -> str:
        """A street with a house number."""
        rng, numbers = self.rng, self._numbers()
        chance = rng.random()
        if chance < 0.3:
            number = numbers["n"] if rng.random() < 0.9 else numbers["n"] + numbers["l"]
            way = rng.choice(("", "", "", "North ", "South ", "East ", "West ", "N ", "SW ", "N. "))
            end = rng.choice(("", "", "", "", "", " North", " Southeast", " NW", " West"))
            return f"{number} {way}{self._stem()} {rng.choice(streets.ENGLISH_STREETS)}{end}"
        if chance < 0.55:
            return str(self.faker().street_address()).replace("\n", " ")
        if chance < 0.6:
            return rng.choice(streets.POST_BOXES).format(**numbers)
        return rng.choice(streets.OTHER_STREETS).format(s=self._stem(), s2=self._stem(), **numbers)

    def road(self) -> str:
        """A street without a house number."""
        rng = self.rng
        if rng.random() < 0.7:
            return f"{self._stem()} {rng.choice(streets.ENGLISH_STREETS)}"
        return str(self.faker().street_name())

    def crossing(self) -> str:
        """A crossing of two streets. In towns with a street grid, people give it as an address."""
        rng = self.rng
        first = rng.choice((self._stem, self.road, self.road, self.street))()
        second = rng.choice((self.road, self.street))()
        chance = rng.random()
        if chance < 0.35:
            return f"{rng.choice(('the corner of', 'corner of', 'the intersection of'))} {first} and {second}"
        return f"{first} {rng.choice(('and', 'and', 'and', '&', '/'))} {second}"

    def unit(self) -> str:
        """A flat, a floor or an office."""
        return self.rng.choice(streets.UNITS).format(**self._numbers())

    def postcode(self) -> str:
        """A postal code, sometimes with the abbreviation of a US state."""
        rng, faker = self.rng, self.faker()
        code = str(faker.postcode())
        if rng.random() < 0.3:
            code = f"{_fakers()['en_US'].state_abbr()} {_fakers()['en_US'].postcode()}"
        return code

    def address(self) -> str:
        """A whole postal address, on one line or several."""
        rng = self.rng
        if rng.random() < 0.22:
            text = str(self.faker().address())
            text = text if rng.random() < 0.4 else text.replace("\n", rng.choice((", ", " ", ",\n")))
        else:
            text = self._put_together()
        chance = rng.random()
        if chance < 0.08:
            return text.lower()
        return text.upper() if chance < 0.12 else text

    def _put_together(self) -> str:
        rng = self.rng
        between = rng.choice((", ", ", ", " ", "\n", "\n ", ",\n", " , ", "; "))
        street = self.street()
        parts = [street]
        if rng.random() < 0.35:
            unit = self.unit()
            parts = [unit, street] if rng.random() < 0.25 else [street, unit]
        town = self.place().upper() if rng.random() < 0.15 else self.place()
        code = self.postcode()
        parts += rng.choice(
            (
                [f"{code} {town}"],
                [f"{town} {code}"],
                [town, code],
                [town],
                [f"{town}, {code}"],
                [code],
                [],
                [f"{town}", f"{_fakers()['en_US'].state_abbr()} {code}"],
                [town, f"{self.country()} {code}"],
                [f"{town} {_fakers()[rng.choice(('en_US', 'en_AU'))].state_abbr()}"],
                [code, town],
                [town, _fakers()["en_US"].state(), code],
            )
        )
        if rng.random() < 0.3:
            parts.append(self.country())
        return between.join(parts)
