//! Countries by two letters and by three (ISO 3166-1), and how telephone numbers name them (ITU-T E.164).

use staffetta_protocol::card::{Citizenship, Country};

/// Alpha-2 and alpha-3, in the order of the first. Source: ISO 3166-1, as the `pycountry` data set gives it.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str)] = &[
    ("AD", "AND"), ("AE", "ARE"), ("AF", "AFG"), ("AG", "ATG"), ("AI", "AIA"), ("AL", "ALB"), ("AM", "ARM"),
    ("AO", "AGO"), ("AQ", "ATA"), ("AR", "ARG"), ("AS", "ASM"), ("AT", "AUT"), ("AU", "AUS"), ("AW", "ABW"),
    ("AX", "ALA"), ("AZ", "AZE"), ("BA", "BIH"), ("BB", "BRB"), ("BD", "BGD"), ("BE", "BEL"), ("BF", "BFA"),
    ("BG", "BGR"), ("BH", "BHR"), ("BI", "BDI"), ("BJ", "BEN"), ("BL", "BLM"), ("BM", "BMU"), ("BN", "BRN"),
    ("BO", "BOL"), ("BQ", "BES"), ("BR", "BRA"), ("BS", "BHS"), ("BT", "BTN"), ("BV", "BVT"), ("BW", "BWA"),
    ("BY", "BLR"), ("BZ", "BLZ"), ("CA", "CAN"), ("CC", "CCK"), ("CD", "COD"), ("CF", "CAF"), ("CG", "COG"),
    ("CH", "CHE"), ("CI", "CIV"), ("CK", "COK"), ("CL", "CHL"), ("CM", "CMR"), ("CN", "CHN"), ("CO", "COL"),
    ("CR", "CRI"), ("CU", "CUB"), ("CV", "CPV"), ("CW", "CUW"), ("CX", "CXR"), ("CY", "CYP"), ("CZ", "CZE"),
    ("DE", "DEU"), ("DJ", "DJI"), ("DK", "DNK"), ("DM", "DMA"), ("DO", "DOM"), ("DZ", "DZA"), ("EC", "ECU"),
    ("EE", "EST"), ("EG", "EGY"), ("EH", "ESH"), ("ER", "ERI"), ("ES", "ESP"), ("ET", "ETH"), ("FI", "FIN"),
    ("FJ", "FJI"), ("FK", "FLK"), ("FM", "FSM"), ("FO", "FRO"), ("FR", "FRA"), ("GA", "GAB"), ("GB", "GBR"),
    ("GD", "GRD"), ("GE", "GEO"), ("GF", "GUF"), ("GG", "GGY"), ("GH", "GHA"), ("GI", "GIB"), ("GL", "GRL"),
    ("GM", "GMB"), ("GN", "GIN"), ("GP", "GLP"), ("GQ", "GNQ"), ("GR", "GRC"), ("GS", "SGS"), ("GT", "GTM"),
    ("GU", "GUM"), ("GW", "GNB"), ("GY", "GUY"), ("HK", "HKG"), ("HM", "HMD"), ("HN", "HND"), ("HR", "HRV"),
    ("HT", "HTI"), ("HU", "HUN"), ("ID", "IDN"), ("IE", "IRL"), ("IL", "ISR"), ("IM", "IMN"), ("IN", "IND"),
    ("IO", "IOT"), ("IQ", "IRQ"), ("IR", "IRN"), ("IS", "ISL"), ("IT", "ITA"), ("JE", "JEY"), ("JM", "JAM"),
    ("JO", "JOR"), ("JP", "JPN"), ("KE", "KEN"), ("KG", "KGZ"), ("KH", "KHM"), ("KI", "KIR"), ("KM", "COM"),
    ("KN", "KNA"), ("KP", "PRK"), ("KR", "KOR"), ("KW", "KWT"), ("KY", "CYM"), ("KZ", "KAZ"), ("LA", "LAO"),
    ("LB", "LBN"), ("LC", "LCA"), ("LI", "LIE"), ("LK", "LKA"), ("LR", "LBR"), ("LS", "LSO"), ("LT", "LTU"),
    ("LU", "LUX"), ("LV", "LVA"), ("LY", "LBY"), ("MA", "MAR"), ("MC", "MCO"), ("MD", "MDA"), ("ME", "MNE"),
    ("MF", "MAF"), ("MG", "MDG"), ("MH", "MHL"), ("MK", "MKD"), ("ML", "MLI"), ("MM", "MMR"), ("MN", "MNG"),
    ("MO", "MAC"), ("MP", "MNP"), ("MQ", "MTQ"), ("MR", "MRT"), ("MS", "MSR"), ("MT", "MLT"), ("MU", "MUS"),
    ("MV", "MDV"), ("MW", "MWI"), ("MX", "MEX"), ("MY", "MYS"), ("MZ", "MOZ"), ("NA", "NAM"), ("NC", "NCL"),
    ("NE", "NER"), ("NF", "NFK"), ("NG", "NGA"), ("NI", "NIC"), ("NL", "NLD"), ("NO", "NOR"), ("NP", "NPL"),
    ("NR", "NRU"), ("NU", "NIU"), ("NZ", "NZL"), ("OM", "OMN"), ("PA", "PAN"), ("PE", "PER"), ("PF", "PYF"),
    ("PG", "PNG"), ("PH", "PHL"), ("PK", "PAK"), ("PL", "POL"), ("PM", "SPM"), ("PN", "PCN"), ("PR", "PRI"),
    ("PS", "PSE"), ("PT", "PRT"), ("PW", "PLW"), ("PY", "PRY"), ("QA", "QAT"), ("RE", "REU"), ("RO", "ROU"),
    ("RS", "SRB"), ("RU", "RUS"), ("RW", "RWA"), ("SA", "SAU"), ("SB", "SLB"), ("SC", "SYC"), ("SD", "SDN"),
    ("SE", "SWE"), ("SG", "SGP"), ("SH", "SHN"), ("SI", "SVN"), ("SJ", "SJM"), ("SK", "SVK"), ("SL", "SLE"),
    ("SM", "SMR"), ("SN", "SEN"), ("SO", "SOM"), ("SR", "SUR"), ("SS", "SSD"), ("ST", "STP"), ("SV", "SLV"),
    ("SX", "SXM"), ("SY", "SYR"), ("SZ", "SWZ"), ("TC", "TCA"), ("TD", "TCD"), ("TF", "ATF"), ("TG", "TGO"),
    ("TH", "THA"), ("TJ", "TJK"), ("TK", "TKL"), ("TL", "TLS"), ("TM", "TKM"), ("TN", "TUN"), ("TO", "TON"),
    ("TR", "TUR"), ("TT", "TTO"), ("TV", "TUV"), ("TW", "TWN"), ("TZ", "TZA"), ("UA", "UKR"), ("UG", "UGA"),
    ("UM", "UMI"), ("US", "USA"), ("UY", "URY"), ("UZ", "UZB"), ("VA", "VAT"), ("VC", "VCT"), ("VE", "VEN"),
    ("VG", "VGB"), ("VI", "VIR"), ("VN", "VNM"), ("VU", "VUT"), ("WF", "WLF"), ("WS", "WSM"), ("YE", "YEM"),
    ("YT", "MYT"), ("ZA", "ZAF"), ("ZM", "ZMB"), ("ZW", "ZWE"),
];

/// The two countries that European documents call by letters of their own.
const EUROPEAN: &[(&str, &str)] = &[("EL", "GR"), ("UK", "GB")];

/// The country of a code as Europass writes it: two letters in either case, or three.
pub(super) fn read(code: &str) -> Option<Country> {
    let code = code.to_ascii_uppercase();
    let code = EUROPEAN.iter().find(|(known, _)| *known == code).map_or(code.as_str(), |(_, iso)| iso);
    let found = COUNTRIES.iter().find(|(two, three)| *two == code || *three == code)?;
    Country::new(found.1).ok()
}

/// The two letters of a country, as the newer schema writes them.
pub(super) fn two_letters(country: &Country) -> Option<String> {
    let found = COUNTRIES.iter().find(|(_, three)| *three == country.as_str())?;
    Some(found.0.to_ascii_lowercase())
}

/// A citizenship of a code as Europass writes it. It has no code for the stateless.
pub(super) fn citizenship(code: &str) -> Option<Citizenship> {
    Citizenship::new(read(code)?.as_str()).ok()
}

/// Two-digit country codes of ITU-T E.164; 1 and 7 stand alone, and every other has three digits.
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];

/// An international number without its plus, as country code and the rest.
pub(super) fn dialled(digits: &str) -> (&str, &str) {
    let code = match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [_, _, ..] if TWO_DIGITS.contains(&&digits[..2]) => 2,
        _ => 3,
    };
    digits.split_at_checked(code).unwrap_or((digits, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_of_the_card_has_two_letters_and_comes_back() {
        assert!(COUNTRIES.is_sorted());
        for (two, three) in COUNTRIES {
            let country = Country::new(three).unwrap();
            assert_eq!(two_letters(&country), Some(two.to_ascii_lowercase()));
            assert_eq!(read(two), Some(country.clone()));
            assert_eq!(read(&two.to_ascii_lowercase()), Some(country));
        }
        assert_eq!(read("UK"), Country::new("GBR").ok());
        assert_eq!(read("el"), Country::new("GRC").ok());
        assert_eq!(read("XX"), None);
    }

    #[test]
    fn a_number_is_cut_behind_its_country_code() {
        assert_eq!(dialled("393331234567"), ("39", "3331234567"));
        assert_eq!(dialled("22376123456"), ("223", "76123456"));
        assert_eq!(dialled("12025550123"), ("1", "2025550123"));
        assert_eq!(dialled("9"), ("9", ""));
    }
}
