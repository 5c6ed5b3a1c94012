use proptest::prelude::*;

use super::*;

/// A grey dot.
pub(in crate::documents) fn png() -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        [&u32::try_from(data.len()).unwrap().to_be_bytes(), name.as_slice(), data, b"\0\0\0\0"].concat()
    };
    let header = b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0";
    [MAGIC_PNG.to_vec(), chunk(b"IHDR", header), chunk(b"IDAT", b"x\x9cch\0\0\0\x82\0\x81"), chunk(b"IEND", b"")]
        .concat()
}

const MAGIC_PNG: &[u8] = super::png::MAGIC;

fn jpeg() -> Vec<u8> {
    let segment = |marker: u8, data: &[u8]| {
        [&[0xFF, marker], u16::try_from(data.len() + 2).unwrap().to_be_bytes().as_slice(), data].concat()
    };
    let scan = [segment(0xDA, b"\x01\x01\0\0\x3F\0"), b"\x12\x34\xFF\0\x56\xFF\xD0\x78".to_vec()].concat();
    let head = [b"\xFF\xD8".to_vec(), segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), segment(0xC0, b"frame")];
    [head.concat(), scan, b"\xFF\xD9".to_vec()].concat()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n".to_vec()
}

fn xml() -> Vec<u8> {
    let text = "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- CV -->\n<Candidate \
                xmlns=\"http://www.europass.eu/1.0\"><Name>Ọlá &amp; co</Name></Candidate>\n";
    text.as_bytes().to_vec()
}

fn json() -> Vec<u8> {
    br#" {"SkillsPassport": {"LearnerInfo": {"Skills": ["<script> in pagine web"]}}}"#.to_vec()
}

fn samples() -> [(Media, Vec<u8>); 5] {
    [(Media::Pdf, pdf()), (Media::Jpeg, jpeg()), (Media::Png, png()), (Media::Xml, xml()), (Media::Json, json())]
}

#[test]
fn each_kind_is_known_by_its_bytes_and_taken_as_no_other() {
    for (of, bytes) in samples() {
        assert_eq!(Media::sniff(&bytes), Some(of));
        for media in Media::ALL {
            let expected = if *media == of { Ok(()) } else { Err(Unfit::OtherKind) };
            assert_eq!(media.examine(&bytes), expected, "{of:?} as {media:?}");
        }
        assert_eq!(of.examine(&[]), Err(Unfit::Empty));
        assert_eq!(Media::named(of.as_str()), Some(of));
        assert_eq!(serde_json::to_value(of).unwrap(), of.as_str());
    }
    assert_eq!(Media::named("image/svg+xml"), None);
}

#[test]
fn what_runs_or_is_drawn_is_no_document() {
    for bytes in [
        b"MZ\x90\0".as_slice(),
        b"\x7FELF\x02",
        b"#!/bin/sh\n",
        b"PK\x03\x04word/document.xml",
        b"\xCF\xFA\xED\xFE",
        b"GIF89a",
        b"\0asm",
        b"RIFF\0\0\0\0WEBP",
        b"@echo off",
        b"ID3\x03",
        b"[1, 2]",
        b"\"text\"",
    ] {
        for media in Media::ALL {
            assert_eq!(media.examine(bytes), Err(Unfit::OtherKind), "{bytes:?}");
        }
    }
    for text in [
        "<html><body>x</body></html>",
        "<!DOCTYPE html><p>x</p>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        "<?xml version=\"1.0\"?><?xml-stylesheet href=\"x.xsl\"?><Candidate></Candidate>",
        "<?xml version=\"1.0\"?><!DOCTYPE Candidate [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Candidate>&x;</Candidate>",
        "<Candidate xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:script>x</h:script></Candidate>",
        "<Candidate><script>alert(1)</script></Candidate>",
        "<Candidate>",
        "<Candidate><Name>",
        "<Candidate/ ><x/>",
        "<Candida",
        "< Candidate></Candidate>",
        "<!-- <Candidate></Candidate>",
        "<a><!-- Candidate>",
    ] {
        assert!(Media::Xml.examine(text.as_bytes()).is_err(), "{text}");
    }
    for text in ["{", "{\"a\": 1, \"a\": 2}", "{\"a\": 1} <html>", "{} {}", "{\"a\": \"\u{1}\"}"] {
        assert_eq!(Media::Json.examine(text.as_bytes()), Err(Unfit::Broken), "{text}");
    }
}

#[test]
fn one_file_is_one_thing() {
    let zip = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2E\0\0\0\0\0\0\0\0\0";
    for (media, whole) in samples().into_iter().filter(|(media, _)| !matches!(media, Media::Xml | Media::Json)) {
        let with_archive = [whole.as_slice(), b"PK\x03\x04...", zip].concat();
        assert_eq!(media.examine(&with_archive), Err(Unfit::TwoThings), "{media:?} with an archive behind it");
    }
    let inside = |page: &[u8]| {
        let comment = [b"\xFF\xFE", u16::try_from(page.len() + 2).unwrap().to_be_bytes().as_slice(), page].concat();
        [&jpeg()[..2], &comment, &jpeg()[2..]].concat()
    };
    assert_eq!(Media::Jpeg.examine(&inside(b"made in Prato")), Ok(()));
    for hidden in [
        b"<script>alert(1)</script>".as_slice(),
        b"<SCRIPT src=x>",
        b"<?php system($_GET[0]);",
        b"%PDF-1.4",
        b"Rar!\x1A\x07\0",
        b"<!DocType html>",
    ] {
        assert_eq!(Media::Jpeg.examine(&inside(hidden)), Err(Unfit::TwoThings), "{hidden:?} inside");
        let behind = [jpeg(), hidden.to_vec()].concat();
        assert_eq!(Media::Jpeg.examine(&behind), Err(Unfit::TwoThings), "{hidden:?} behind");
        assert_eq!(Media::Png.examine(&[png(), hidden.to_vec()].concat()), Err(Unfit::TwoThings));
    }
    assert_eq!(Media::Jpeg.examine(&[jpeg(), jpeg()].concat()), Ok(()), "telephones hang a small picture on");
    let page = [b"%PDF-1.7\n<html><script>alert(1)</script>", &pdf()[9..]].concat();
    assert_eq!(Media::Pdf.examine(&page), Err(Unfit::TwoThings));
    assert_eq!(Media::Pdf.examine(b"%PDF-x\n%%EOF"), Err(Unfit::Broken));
}

proptest! {
    #[test]
    fn cut_short_it_is_not_taken(cut in 1_usize..2_000, which in 0_usize..5) {
        let (media, whole) = samples()[which].clone();
        let kept = whole.len() - 1 - cut % (whole.len() - 1);
        let end = whole.trim_ascii_end().len();
        prop_assume!(kept < end);
        prop_assert!(media.examine(&whole[..kept]).is_err(), "{media:?} of {kept}");
    }

    #[test]
    fn no_bytes_make_it_panic(which in 0_usize..5, at in 0_usize..200, noise in proptest::collection::vec(any::<u8>(), 0..60)) {
        let (media, mut bytes) = samples()[which].clone();
        let at = at.min(bytes.len());
        let end = (at + noise.len()).min(bytes.len());
        bytes.splice(at..end, noise);
        for media in Media::ALL {
            let _ = media.examine(&bytes);
        }
        if media.examine(&bytes).is_ok() {
            prop_assert_eq!(Media::sniff(&bytes), Some(media));
        }
    }

    #[test]
    fn noise_is_nothing(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        let begins_as = Media::sniff(&noise);
        for media in Media::ALL {
            if begins_as != Some(*media) {
                prop_assert!(media.examine(&noise).is_err());
            }
        }
    }
}

/// A PDF with these objects, whose last line is as it should be.
fn pdf_of(objects: &[u8]) -> Vec<u8> {
    [b"%PDF-1.7\n".as_slice(), objects, b"\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"].concat()
}

/// An object stream that holds this, folded; what else stands in its dictionary.
fn object_stream(held: &[u8], dictionary: &str) -> Vec<u8> {
    let folded = miniz_oxide::deflate::compress_to_vec_zlib(held, 9);
    let head = format!("4 0 obj\n<</Type/ObjStm/N 1/First 4/Length {}{dictionary}>>stream\r\n", folded.len());
    pdf_of(&[head.into_bytes(), folded, b"\nendstream\nendobj".to_vec()].concat())
}

#[test]
fn a_pdf_that_would_do_something_is_no_paper() {
    for active in [
        "<</S/JavaScript/JS(app.alert\\(1\\))>>",
        "<</OpenAction<</S /JavaScript /JS 5 0 R>>>>",
        "<</Names<</JavaScript 7 0 R>>>>",
        "<</S/Java#53cript/#4aS(x)>>",
        "<</S/#4a#61#76#61#53#63#72#69#70#74>>",
        "<</S%a comment between\n/JavaScript>>",
        "<</A<</S/Launch/F(cmd.exe)>>>>",
        "<</S/L#61unch>>",
        "<</S/GoToE/D[0/Fit]>>",
        "<</S/SubmitForm/F(https://example.org)>>",
        "<</S/ImportData>>",
        "<</AcroForm<</XFA[(template)9 0 R]>>>>",
        "<</S/Rendition/JS(x)>>",
        "<</Subtype/RichMedia>>",
        "<</Encrypt 8 0 R>>",
    ] {
        assert_eq!(Media::Pdf.examine(&pdf_of(active.as_bytes())), Err(Unfit::Active), "{active}");
    }
    for quiet in [
        "<</Type/Catalog/OpenAction[3 0 R/Fit]>>",
        "<</S/URI/URI(https://example.org/javascript)>>",
        "<</Type/EmbeddedFile/Subtype/text#2Fxml>>",
        "<</Title(Launchpad /Launching of JavaScript courses)>>",
        "<</Type/Sig/Filter/Adobe.PPKLite>>",
        "<</S/GoTo/D[3 0 R/XYZ]>>",
    ] {
        assert_eq!(Media::Pdf.examine(&pdf_of(quiet.as_bytes())), Ok(()), "{quiet}");
    }
}

#[test]
fn what_hides_in_an_object_stream_is_found_and_what_cannot_be_looked_into_is_refused() {
    let script = b"5 0 <</S/JavaScript/JS(app.alert\\(1\\))>>";
    let plain = b"5 0 <</Type/Page/MediaBox[0 0 595 842]>>";
    assert_eq!(Media::Pdf.examine(&object_stream(script, "/Filter/FlateDecode")), Err(Unfit::Active));
    assert_eq!(Media::Pdf.examine(&object_stream(script, "/Filter/Flate#44ecode")), Err(Unfit::Active));
    assert_eq!(Media::Pdf.examine(&object_stream(script, "/Filter[/FlateDecode]")), Err(Unfit::Active));
    assert_eq!(Media::Pdf.examine(&object_stream(plain, "/Filter/FlateDecode")), Ok(()));
    for hidden in ["/Filter[/ASCIIHexDecode/FlateDecode]", "/Filter/LZWDecode", "/Filter 9 0 R"] {
        assert_eq!(Media::Pdf.examine(&object_stream(plain, hidden)), Err(Unfit::Active), "{hidden}");
    }
    let broken = pdf_of(b"4 0 obj\n<</Type/ObjStm/Filter/FlateDecode>>stream\nno such thing\nendstream\nendobj");
    assert_eq!(Media::Pdf.examine(&broken), Err(Unfit::Active));
    // Words inside the dictionary that look like its ends, and one that is longer than any writer makes it.
    let far = format!("/X<{}>", "00".repeat(3000));
    for disguise in
        ["/Filter/FlateDecode/X(obj)", "/X(stream)/Filter/FlateDecode", "/X(a obj <<)/Filter/FlateDecode", &far]
    {
        assert_eq!(Media::Pdf.examine(&object_stream(script, disguise)), Err(Unfit::Active), "{disguise:.40}");
    }
    let before = b"4 0 obj\n<</Filter/FlateDecode/X( obj)/Type/ObjStm>>stream\nx\nendstream\nendobj";
    assert_eq!(Media::Pdf.examine(&pdf_of(before)), Err(Unfit::Active));
    // Not an object stream: a reader would draw what is in it, and runs nothing of it.
    let drawn = b"4 0 obj\n<</Length 20>>stream\nBT (no names) Tj ET\nendstream\nendobj";
    assert_eq!(Media::Pdf.examine(&pdf_of(drawn)), Ok(()));
}

/// A few kilobytes that unfold to more than any paper has are not unfolded.
#[test]
fn a_bomb_in_a_pdf_is_refused_before_it_goes_off() {
    let bomb = object_stream(&vec![b' '; 64 << 20], "/Filter/FlateDecode");
    assert!(bomb.len() < 100_000);
    assert_eq!(Media::Pdf.examine(&bomb), Err(Unfit::Active));
}
