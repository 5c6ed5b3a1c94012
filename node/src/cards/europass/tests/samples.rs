//! Files as editors write them: what is taken, what is left out, and what is not known.

use serde_json::{Value, json};
use staffetta_protocol::card::codes::SourceKind;
use staffetta_protocol::card::{Card, Section, read as card};

use super::{read, today};
use crate::cards::europass::onto::{Taker, only, onto};
use crate::cards::europass::{Form, Imported, Outcome, Reason, Syntax};

/// As the editor of today exports: prefixes, HTML in texts, white space, a photo, an empty section.
pub(super) const CANDIDATE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Candidate xsi:schemaLocation="http://www.europass.eu/1.0 Candidate.xsd" xmlns="http://www.europass.eu/1.0"
    xmlns:oa="http://www.openapplications.org/oagis/9" xmlns:eures="http://www.europass_eures.eu/1.0"
    xmlns:hr="http://www.hr-xml.org/3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <hr:DocumentID schemeID="Test-0001" schemeName="DocumentIdentifier" schemeAgencyName="EUROPASS" schemeVersionID="4.0"/>
  <hr:PositionSeekingStatusCode>NotConsideringPositions</hr:PositionSeekingStatusCode>
  <CandidatePerson>
    <PersonName>
      <oa:GivenName>
        Awa Fatou
      </oa:GivenName>
    </PersonName>
    <Communication><ChannelCode>Email</ChannelCode><oa:URI>awa@esempio.example</oa:URI></Communication>
    <Communication><ChannelCode>Telephone</ChannelCode><UseCode>mobile</UseCode><CountryDialing>39</CountryDialing>
      <oa:DialNumber>333 123-4567</oa:DialNumber><CountryCode>it</CountryCode></Communication>
    <Communication><ChannelCode>Telephone</ChannelCode><oa:DialNumber>0574 123456</oa:DialNumber></Communication>
    <Communication><UseCode>home</UseCode><Address type="home"><oa:CityName>Prato</oa:CityName></Address></Communication>
    <hr:BirthDate>1998-05</hr:BirthDate>
    <GenderCode>NotSpecified</GenderCode>
    <PrimaryLanguageCode name="NORMAL">bam</PrimaryLanguageCode>
  </CandidatePerson>
  <CandidateProfile languageCode="it">
    <hr:ID schemeID="Test-0001"/>
    <hr:ExecutiveSummary>&lt;p&gt;Su di me&lt;/p&gt;</hr:ExecutiveSummary>
    <eures:PersonAvailability><hr:ImmediateStartIndicator>true</hr:ImmediateStartIndicator></eures:PersonAvailability>
    <EmploymentHistory>
      <EmployerHistory>
        <hr:OrganizationName>Zzofficina Bamako</hr:OrganizationName>
        <PositionHistory>
          <PositionTitle typeCode="FREETEXT">Saldatrice</PositionTitle>
          <eures:EmploymentPeriod>
            <eures:StartDate><hr:FormattedDateTime>2015</hr:FormattedDateTime></eures:StartDate>
            <eures:EndDate><hr:FormattedDateTime>2017-04</hr:FormattedDateTime></eures:EndDate>
            <hr:CurrentIndicator>false</hr:CurrentIndicator>
          </eures:EmploymentPeriod>
          <oa:Description>&lt;p&gt;Cancelli &amp;amp; ringhiere&lt;br/&gt;in ferro&lt;/p&gt;</oa:Description>
          <City>Bamako</City>
          <Country>ml</Country>
        </PositionHistory>
        <PositionHistory><City>Kayes</City></PositionHistory>
      </EmployerHistory>
    </EmploymentHistory>
    <EducationHistory>
      <EducationOrganizationAttendance>
        <hr:OrganizationName>Lycée</hr:OrganizationName>
        <EducationLevelCode>4</EducationLevelCode>
        <AttendancePeriod><StartDate><hr:FormattedDateTime>2014</hr:FormattedDateTime></StartDate>
          <EndDate><hr:FormattedDateTime>2011</hr:FormattedDateTime></EndDate></AttendancePeriod>
        <EducationDegree><hr:DegreeName>Brevet</hr:DegreeName></EducationDegree>
      </EducationOrganizationAttendance>
    </EducationHistory>
    <eures:Licenses><eures:License><hr:LicenseTypeCode>B</hr:LicenseTypeCode></eures:License>
      <eures:License><hr:LicenseTypeCode>Z</hr:LicenseTypeCode></eures:License></eures:Licenses>
    <Certifications/>
    <PersonQualifications>
      <PersonCompetency>
        <CompetencyID schemeName="NORMAL">fre</CompetencyID><hr:TaxonomyID>language</hr:TaxonomyID>
        <eures:CompetencyDimension><hr:CompetencyDimensionTypeCode>CEF-Understanding-Listening</hr:CompetencyDimensionTypeCode>
          <eures:Score><hr:ScoreText>B2</hr:ScoreText></eures:Score></eures:CompetencyDimension>
        <eures:CompetencyDimension><hr:CompetencyDimensionTypeCode>CEF-Writing-Interaction</hr:CompetencyDimensionTypeCode>
          <eures:Score><hr:ScoreText>A2</hr:ScoreText></eures:Score></eures:CompetencyDimension>
      </PersonCompetency>
      <PersonCompetency><CompetencyID schemeName="FREE_TEXT">Bambara</CompetencyID><hr:TaxonomyID>language</hr:TaxonomyID></PersonCompetency>
    </PersonQualifications>
    <eures:Attachment><oa:EmbeddedData>ZGF0YQ==</oa:EmbeddedData><oa:FileType>photo</oa:FileType></eures:Attachment>
    <Skills><PersonCompetency><hr:TaxonomyID>Digital_Skill</hr:TaxonomyID><hr:CompetencyName>Fogli di calcolo</hr:CompetencyName></PersonCompetency></Skills>
    <CandidatePositionPreferences>
      <hr:PositionOfferingTypeCode>Apprenticeship</hr:PositionOfferingTypeCode>
      <hr:PositionScheduleTypeCode>FullTime</hr:PositionScheduleTypeCode>
      <hr:PositionScheduleTypeCode>PartTime</hr:PositionScheduleTypeCode>
    </CandidatePositionPreferences>
  </CandidateProfile>
  <CandidateProfile languageCode="en"><hr:ExecutiveSummary>About me</hr:ExecutiveSummary></CandidateProfile>
</Candidate>"#;

fn found(imported: &Imported, element: &str) -> (Outcome, Option<&'static str>, Option<Reason>) {
    let line = imported.report.items.iter().find(|line| line.element == element);
    let line = line.unwrap_or_else(|| panic!("no line for {element}: {:#?}", imported.report));
    (line.outcome, line.field, line.reason)
}

fn members(of: &Card) -> Value {
    let (mut card, start) = (serde_json::to_value(of).unwrap(), serde_json::to_value(Card::default()).unwrap());
    card.as_object_mut().unwrap().retain(|name, value| start.get(name) != Some(value));
    card
}

#[test]
fn the_newer_form_as_an_editor_writes_it() {
    let imported = read(CANDIDATE, Syntax::Xml).unwrap();
    assert_eq!(imported.form, Form::Candidate);
    let expected = json!({
        "given_names": "Awa Fatou",
        "birth_date": {"value": "1998-05", "estimated": false},
        "email": ["awa@esempio.example"],
        "phone": [{"number": "+393331234567", "type": "mobile", "safe_to_call": "not_asked"}],
        "seeking_status": "not_considering",
        "sex_for_admin": "not_stated",
        "mother_tongues": ["bam"],
        "availability_from": today(),
        "contract_interest": ["apprenticeship"],
        "driving_licence": [{"category": "b", "issued_in": "not_asked"}],
        "education": [{"title": "Brevet", "start": "2014", "completed": "not_asked"}],
        "language_skills": [{"language": "fra", "offered_for_work": false, "proficiency": {"kind": "by_ability",
            "listening": "b2", "reading": "not_asked", "interaction": "not_asked", "production": "not_asked",
            "writing": "not_asked"}}],
        "skills": [{"skill": {"kind": "free", "text": "Fogli di calcolo"}, "level": "not_asked", "source": "self",
            "validation_path": {"value": "declared_only", "proposed_by": "operator"}}],
        "work_experience": [{"occupation": {"kind": "free", "text": "Saldatrice"}, "country": "MLI",
            "employer_name_abroad": "Zzofficina Bamako",
            "description": "Cancelli & ringhiere in ferro", "start": "2015", "end": "2017-04",
            "setting": "not_asked", "paid": "not_asked"}]
    });
    assert_eq!(members(&imported.card), expected);
    assert!(card::<Card>(&serde_json::to_string(&imported.card).unwrap()).is_ok(), "it is a card");
}

#[test]
fn every_element_is_accounted_for() {
    let imported = read(CANDIDATE, Syntax::Xml).unwrap();
    let (person, profile) = ("/Candidate/CandidatePerson", "/Candidate/CandidateProfile[1]");
    let position = format!("{profile}/EmploymentHistory/EmployerHistory/PositionHistory");
    let school = format!("{profile}/EducationHistory/EducationOrganizationAttendance");
    let competency = format!("{profile}/PersonQualifications/PersonCompetency");
    use Outcome::{LeftOut, Taken, Unknown};
    for (element, expected) in [
        ("/Candidate/DocumentID".to_owned(), (LeftOut, None, Some(Reason::AboutTheDocument))),
        (format!("{person}/PersonName/GivenName"), (Taken, Some("given_names"), None)),
        (format!("{person}/Communication[2]"), (Taken, Some("phone"), None)),
        (format!("{person}/Communication[3]"), (LeftOut, None, Some(Reason::Ambiguous))),
        (format!("{person}/Communication[4]"), (LeftOut, None, Some(Reason::NotOnCard))),
        (format!("{profile}/ExecutiveSummary"), (LeftOut, None, Some(Reason::NotOnCard))),
        (format!("{position}[1]/PositionTitle"), (Taken, Some("work_experience"), None)),
        (format!("{position}[1]/City"), (LeftOut, None, Some(Reason::NotOnCard))),
        (format!("{position}[2]"), (LeftOut, None, Some(Reason::Incomplete))),
        (format!("{school}/EducationLevelCode"), (LeftOut, None, Some(Reason::NotOnCard))),
        (format!("{school}/AttendancePeriod/EndDate/FormattedDateTime"), (LeftOut, None, Some(Reason::Inconsistent))),
        (format!("{competency}[1]"), (Taken, Some("language_skills"), None)),
        (format!("{competency}[1]/CompetencyDimension[2]"), (LeftOut, None, Some(Reason::NotOnCard))),
        (format!("{competency}[2]"), (LeftOut, None, Some(Reason::NotInList))),
        (format!("{profile}/Attachment"), (LeftOut, None, Some(Reason::NotCollected))),
        (format!("{profile}/Licenses/License[2]"), (LeftOut, None, Some(Reason::NotInList))),
        (
            format!("{profile}/CandidatePositionPreferences/PositionScheduleTypeCode[1]"),
            (LeftOut, None, Some(Reason::Ambiguous)),
        ),
        ("/Candidate/CandidateProfile[2]".to_owned(), (LeftOut, None, Some(Reason::Repeated))),
        (format!("{person}/Disability"), (Unknown, None, Some(Reason::MissingIsUnknown))),
    ] {
        assert_eq!(found(&imported, &element), expected, "{element}");
    }
    let whole = serde_json::to_string(&imported.report).unwrap();
    for said in ["Zzofficina", "Awa", "333", "Bambara"] {
        assert!(!whole.contains(said), "the report names elements and quotes none: {said}");
    }
}

#[test]
fn silence_about_disability_is_no_answer_and_an_answer_is_not_kept() {
    let with = CANDIDATE
        .replace("<GenderCode>", "<Disability><hr:DisabilitySummary>x</hr:DisabilitySummary></Disability><GenderCode>");
    let imported = read(&with, Syntax::Xml).unwrap();
    let told = found(&imported, "/Candidate/CandidatePerson/Disability");
    assert_eq!(told, (Outcome::LeftOut, None, Some(Reason::NotCollected)));
    assert!(imported.report.items.iter().all(|line| line.outcome != Outcome::Unknown));
    let without = read(CANDIDATE, Syntax::Xml).unwrap();
    assert_eq!(without.card, imported.card, "neither way does the card say anything of it");
}

const PASSPORT: &str = r#"{"SkillsPassport": {"Locale": "fr", "PrintingPreferences": null,
  "DocumentInfo": {"DocumentType": "ECV", "XSDVersion": "V3.4"},
  "LearnerInfo": {
    "Identification": {"PersonName": {"FirstName": "Awa"}, "Photo": {"Data": "x"},
      "ContactInfo": {"Email": {"Contact": "awa@esempio.example"},
        "Telephone": [{"Contact": "+39 333 1234567", "Use": {"Code": "mobile"}}, {"Contact": "0574 1"}]},
      "Demographics": {"Birthdate": {"Year": 1998, "Month": 5}, "Gender": {"Code": "F"}}},
    "Headline": {"Description": {"Label": "Soudeuse"}},
    "WorkExperience": [{"Period": {"From": {"Year": 2015}, "Current": true}, "Position": {"Label": "Soudeuse"},
      "Activities": "<ul><li>Portails</li></ul>", "Employer": {"Name": "Zzatelier",
      "ContactInfo": {"Address": {"Contact": {"Country": {"Code": "ML"}}}}}}],
    "Education": [{"Title": "Brevet", "Level": {"Code": "4"}, "Field": {"Code": "22"}}],
    "Skills": {"Linguistic": {"MotherTongue": [{"Description": {"Code": "bm"}}],
      "ForeignLanguage": [{"Description": {"Code": "fr"}, "ProficiencyLevel": {"Listening": "C1", "Reading": "C1",
        "SpokenInteraction": "C1", "SpokenProduction": "C1", "Writing": "C1"},
        "Certificate": [{"Title": "DELF", "AwardingBody": "IF", "Date": {"Year": 2019}, "Level": "C1"}, {"Title": "X"}]}]},
      "JobRelated": {"Description": "<p>Soudure à l'arc<br/>Meulage</p>"},
      "Computer": {"ProficiencyLevel": {"Safety": "A"}},
      "Driving": {"Description": [{"Licence": "B"}, {"Licence": "B1"}]}}}}}"#;

/// The same CV in the XML of that version.
const PASSPORT_XML: &str = r#"<SkillsPassport xmlns="http://europass.cedefop.europa.eu/Europass" locale="fr">
  <DocumentInfo><DocumentType>ECV</DocumentType><XSDVersion>V3.4</XSDVersion></DocumentInfo>
  <LearnerInfo>
    <Identification><PersonName><FirstName>Awa</FirstName></PersonName>
      <ContactInfo><Email><Contact>awa@esempio.example</Contact></Email>
        <TelephoneList><Telephone><Contact>+39 333 1234567</Contact><Use><Code>mobile</Code></Use></Telephone>
          <Telephone><Contact>0574 1</Contact></Telephone></TelephoneList></ContactInfo>
      <Demographics><Birthdate year="1998" month="--05"/><Gender><Code>F</Code></Gender></Demographics>
      <Photo><Data>x</Data></Photo></Identification>
    <Headline><Description><Label>Soudeuse</Label></Description></Headline>
    <WorkExperienceList><WorkExperience><Period><From year="2015"/><Current>true</Current></Period>
      <Position><Label>Soudeuse</Label></Position><Activities>&lt;ul&gt;&lt;li&gt;Portails&lt;/li&gt;&lt;/ul&gt;</Activities>
      <Employer><Name>Zzatelier</Name><ContactInfo><Address><Contact><Country><Code>ML</Code></Country></Contact></Address>
      </ContactInfo></Employer></WorkExperience></WorkExperienceList>
    <EducationList><Education><Title>Brevet</Title><Level><Code>4</Code></Level><Field><Code>22</Code></Field></Education>
    </EducationList>
    <Skills><Linguistic><MotherTongueList><MotherTongue><Description><Code>bm</Code></Description></MotherTongue></MotherTongueList>
      <ForeignLanguageList><ForeignLanguage><Description><Code>fr</Code></Description><ProficiencyLevel>
        <Listening>C1</Listening><Reading>C1</Reading><SpokenInteraction>C1</SpokenInteraction>
        <SpokenProduction>C1</SpokenProduction><Writing>C1</Writing></ProficiencyLevel>
        <VerifiedBy><Certificate><Title>DELF</Title><AwardingBody>IF</AwardingBody><Date year="2019"/><Level>C1</Level>
        </Certificate><Certificate><Title>X</Title></Certificate></VerifiedBy></ForeignLanguage></ForeignLanguageList></Linguistic>
      <JobRelated><Description>&lt;p&gt;Soudure à l'arc&lt;br/&gt;Meulage&lt;/p&gt;</Description></JobRelated>
      <Computer><ProficiencyLevel><Safety>A</Safety></ProficiencyLevel></Computer>
      <Driving><Description><Licence>B</Licence><Licence>B1</Licence></Description></Driving></Skills>
  </LearnerInfo></SkillsPassport>"#;

#[test]
fn the_older_form_is_the_same_in_both_syntaxes() {
    let (json, xml) = (read(PASSPORT, Syntax::Json).unwrap(), read(PASSPORT_XML, Syntax::Xml).unwrap());
    assert_eq!((json.form, xml.form), (Form::PassportJson, Form::PassportXml));
    assert_eq!(members(&json.card), members(&xml.card));
    assert_eq!(json.fields, xml.fields);
    let card = members(&json.card);
    assert_eq!(card["birth_date"]["value"], "1998-05");
    assert_eq!(card["language_skills"][0]["proficiency"], json!({"kind": "overall", "level": "c1"}));
    assert_eq!(card["language_certificates"][0]["date"], "2019");
    assert_eq!(card["skills"][1]["skill"]["text"], "Meulage");
    assert_eq!(card["driving_licence"].as_array().unwrap().len(), 2);
    assert_eq!((&card["sex_for_admin"], &card["mother_tongues"]), (&json!("f"), &json!(["bam"])));
    assert_eq!(card["work_experience"][0]["employer_name_abroad"], "Zzatelier");
    let person = "/SkillsPassport/LearnerInfo/Identification";
    for imported in [&json, &xml] {
        let reason = |element: &str| found(imported, element).2;
        assert_eq!(reason(&format!("{person}/Photo")), Some(Reason::NotCollected));
        assert_eq!(reason(&format!("{person}/ContactInfo/Telephone[2]")), Some(Reason::Ambiguous));
        let skills = "/SkillsPassport/LearnerInfo/Skills";
        assert_eq!(reason(&format!("{skills}/Computer/ProficiencyLevel")), Some(Reason::Ambiguous));
        assert_eq!(reason("/SkillsPassport/LearnerInfo/Education/Field"), Some(Reason::NotInList));
        assert_eq!(reason("/Candidate/CandidatePerson/Disability"), Some(Reason::MissingIsUnknown));
    }
}

#[test]
fn a_draft_overwrites_nothing_and_says_where_it_is_from() {
    let by = Taker { on: today(), operator: Some(uuid::Uuid::from_u128(7)) };
    let imported = || read(CANDIDATE, Syntax::Xml).unwrap();
    let (fresh, _) = onto(None, imported().given(), by, |_| true).unwrap();
    assert_eq!(members(&fresh)["given_names"], "Awa Fatou");
    let source = fresh.sources.iter().find(|source| source.field.name() == "email").unwrap();
    assert_eq!((source.source, source.on, source.operator), (SourceKind::Document, today(), by.operator));
    assert!(fresh.sources.iter().all(|source| source.field.name() != "province"), "what was not taken has no source");

    let held: Card = card(r#"{"given_names": "Aoua", "province": "PO"}"#).unwrap();
    let (draft, report) = onto(Some(&held), imported().given(), by, |section| section != Section::B).unwrap();
    assert_eq!(draft.given_names, held.given_names, "the card's own value stays");
    assert_eq!(draft.province, held.province);
    assert_eq!(draft.birth_date, fresh.birth_date);
    assert!(draft.phone.is_empty() && draft.email.is_empty(), "not hers to write");
    let line = |field| report.items.iter().find(|line| line.field == Some(field)).unwrap();
    assert_eq!(
        (line("given_names").outcome, line("given_names").reason),
        (Outcome::Kept, Some(Reason::OtherValueHeld))
    );
    assert_eq!((line("email").outcome, line("email").reason), (Outcome::LeftOut, Some(Reason::NotYours)));
}

#[test]
fn a_cv_has_only_what_its_reader_reads() {
    let imported = read(CANDIDATE, Syntax::Xml).unwrap();
    let shown = only(&imported.card, |section| !matches!(section, Section::A | Section::B)).unwrap();
    assert!(shown.given_names.is_none() && shown.phone.is_empty());
    assert_eq!(shown.language_skills, imported.card.language_skills);
    let file = crate::cards::europass::write(&shown, Form::Candidate, &super::about());
    assert!(!file.contains("Awa") && file.contains(">fre<"));
}
