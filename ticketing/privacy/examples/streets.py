"""Patterns for streets, flats and post boxes as people write them in many countries."""

UNITS = (
    "Apt. {n}", "Apt {n}", "Suite {n}", "Unit {n}", "Flat {n}", "#{n}", "Floor {n}", "Apartment {n}", "Ste. {n}",
    "Room {n}", "Building {l}", "Block {l}", "Door {n}", "Apt. {n}{l}", "Unit {l}{n}", "Lot {n}", "Box {n}",
)  # fmt: skip
POST_BOXES = ("PO Box {n}", "P.O. Box {n}", "P.O.Box {n}", "Postfach {n}", "BP {n}", "PSC {n}", "Unit {n} Box {m}")
ENGLISH_STREETS = (
    "Street", "St", "St.", "Road", "Rd", "Rd.", "Avenue", "Ave", "Ave.", "Lane", "Ln", "Drive", "Dr", "Court", "Ct",
    "Way", "Place", "Pl", "Boulevard", "Blvd", "Terrace", "Close", "Crescent", "Square", "Highway", "Hwy", "Circle",
    "Parkway", "Trail", "Row", "Gardens", "Grove", "Hill", "Mews", "Walk", "Loop", "Alley", "Pike",
)  # fmt: skip
STREET_STEMS = (
    "Oak", "Maple", "High", "Church", "Mill", "Station", "Park", "Victoria", "King", "Queen", "Elm", "Cedar", "Lake",
    "Hill", "River", "Main", "Second", "Fifth", "12th", "3rd", "42nd", "Washington", "Lincoln", "Albert", "George",
    "Chestnut", "Spring", "Forest", "Meadow", "Old Mill", "North Park", "West End", "Sunset", "Pine Ridge", "Broad",
)  # fmt: skip
OTHER_STREETS = (
    "{s}straße {n}", "{s}strasse {n}", "{s}str. {n}", "{s}weg {n}", "{s} Straße {n}", "{n} {s}straße", "{n} {s}weg",
    "{s}straat {n}", "{s}laan {n}", "{s}plein {n}", "{n} {s}straat", "rue {s} {n}", "{n} rue de {s}", "{n}, rue {s}",
    "{n} avenue {s}", "{n} boulevard {s}", "{n}, place {s}", "Calle {s} {n}", "Calle de {s}, {n}", "C/ {s} {n}",
    "Avenida {s} {n}", "Av. {s} {n}", "Via {s} {n}", "Via {s}, {n}", "{n} Via {s}", "Piazza {s} {n}", "Rua {s} {n}",
    "Rua {s}, {n}", "{n} Rua {s}", "{s}gatan {n}", "{s}vägen {n}", "{n} {s}gatan", "{s}veien {n}", "{s}gata {n}",
    "{n} {s}veien", "{s}vej {n}", "{s}gade {n}", "{n} {s}vej", "{n} {s}gade", "{s}katu {n}", "{s}tie {n}",
    "{n} {s}katu", "ul. {s} {n}", "{n} ul. {s}", "ulica {s} {n}", "{s}ova {n}", "{s} utca {n}.", "{n} {s} utca",
    "{s} u. {n}.", "Strada {s} {n}", "Str. {s} nr. {n}", "{n} {s} Str.", "{s} Sokak No: {n}", "{s} Cad. {n}",
    "Jl. {s} No. {n}", "Đường {s} {n}", "{n} {s}", "{s} {n}", "{n} {s} {m}", "{s} {n}/{m}", "{s} {n}-{m}",
    "{n} {s} {s2}", "{s} {s2} {n}", "{n}/{m} {s} Marg", "{n} {s} Nagar", "H.No. {n}, {s}", "Carrera {n} # {m}-{n}",
    "{s}gata {n}{l}", "{n}{l} {s}", "Οδός {s} {n}", "ул. {s}, {n}", "ул. {s} д. {n} кв. {m}", "Sint-{s}straat {n}",
    "Cnr {s} & {s2} {n}",
)  # fmt: skip
STREET_ENDINGS = ("berg", "dal", "feld", "hof", "kil", "mar", "nes", "or", "stad", "ton", "va", "vik", "by", "ova")
