//! Parts of a file that an edit writes: between two lines, or below a heading.

use holdpoint::model::{NewContent, Unfit};
use proptest::prelude::*;

fn section(content: &str) -> NewContent {
    NewContent::Section {
        begin: "<!-- begin -->".into(),
        end: "<!-- end -->".into(),
        content: content.into(),
    }
}

fn insertion(content: &str) -> NewContent {
    NewContent::Insertion {
        heading: "# News".into(),
        content: content.into(),
    }
}

#[track_caller]
fn check(edit: &NewContent, old: &str, new: &str) {
    assert_eq!(edit.put_into(Some(old)), Ok(new.to_owned()));
}

#[test]
fn a_section_takes_the_place_of_what_stood_there() {
    check(
        &section("1.4\nand more"),
        "a\n<!-- begin -->\n1.3\n\nold\n<!-- end -->\nz",
        "a\n<!-- begin -->\n1.4\nand more\n<!-- end -->\nz",
    );
    // Nothing there, nothing to put there, and a mark at each end of the file.
    check(
        &section("new\n"),
        "<!-- begin -->\n  <!-- end -->",
        "<!-- begin -->\nnew\n  <!-- end -->",
    );
    check(
        &section(""),
        "<!-- begin -->\nold\n<!-- end -->\n",
        "<!-- begin -->\n<!-- end -->\n",
    );
    // Lines end as those of the file do.
    check(
        &section("1\n2"),
        "<!-- begin -->\r\nold\r\n<!-- end -->\r\n",
        "<!-- begin -->\r\n1\r\n2\r\n<!-- end -->\r\n",
    );
}

#[test]
fn an_insertion_is_set_off_by_empty_lines() {
    check(
        &insertion("- new"),
        "# News\n\n- old\n",
        "# News\n\n- new\n\n- old\n",
    );
    check(
        &insertion("\n- new\n\n"),
        "top\n# News\n- old",
        "top\n# News\n\n- new\n\n- old",
    );
    check(&insertion("- new"), "# News", "# News\n\n- new\n");
    check(&insertion("- new"), "# News\n\n\n", "# News\n\n- new\n");
    check(
        &insertion("a\nb"),
        "# News\r\nold\r\n",
        "# News\r\n\r\na\r\nb\r\n\r\nold\r\n",
    );
    check(&insertion("\n\n"), "# News\nold\n", "# News\nold\n");
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |edit: &NewContent, old: Option<&str>| {
        edit.put_into(old).expect_err("it does not fit").to_string()
    };
    assert_eq!(section("x").put_into(None), Err(Unfit::NoFile));
    assert_eq!(insertion("x").put_into(None), Err(Unfit::NoFile));
    for (old, times) in [("", 0), ("# News\n# News\n", 2), ("## News\n", 0)] {
        assert_eq!(
            refused(&insertion("x"), Some(old)),
            format!("the file has the line `# News` {times} times, and once is needed")
        );
    }
    assert_eq!(
        refused(&section("x"), Some("<!-- end -->\n<!-- begin -->\n")),
        "the line `<!-- end -->` does not stand after `<!-- begin -->`"
    );
    for mark in ["", "  ", "two\nlines"] {
        let edit = NewContent::Section {
            begin: mark.into(),
            end: "end".into(),
            content: "x".into(),
        };
        assert!(matches!(
            edit.put_into(Some("end\n\n")),
            Err(Unfit::NotALine(_))
        ));
    }
    // One line cannot be both marks.
    let edit = NewContent::Section {
        begin: "mark".into(),
        end: "mark".into(),
        content: "x".into(),
    };
    assert!(matches!(
        edit.put_into(Some("mark\n")),
        Err(Unfit::WrongOrder { .. })
    ));
    // The whole file needs none.
    let whole = NewContent::Whole("x".into());
    assert_eq!(whole.put_into(None), Ok("x".to_owned()));
    assert_eq!(whole.put_into(Some("old")), Ok("x".to_owned()));
}

proptest! {
    /// Nothing outside of the marks changes, and the same section once more changes nothing.
    #[test]
    fn what_stands_around_a_section_stays(
        before in "([a-z ]{0,8}\r?\n){0,4}",
        old in "([a-z ]{0,8}\n){0,4}",
        after in "(\n[a-z ]{0,8}){0,4}",
        new in "[a-z\n]{0,20}",
    ) {
        let file = format!("{before}<!-- begin -->\n{old}<!-- end -->{after}");
        let edited = section(&new).put_into(Some(&file)).expect("it fits");
        let head = format!("{before}<!-- begin -->\n");
        let tail = format!("<!-- end -->{after}");
        prop_assert!(edited.starts_with(&head), "{edited:?}");
        prop_assert!(edited.ends_with(&tail), "{edited:?}");
        let between = &edited[head.len()..edited.len() - tail.len()];
        prop_assert_eq!(
            between.lines().collect::<Vec<_>>(),
            new.lines().collect::<Vec<_>>()
        );
        prop_assert_eq!(section(&new).put_into(Some(&edited)), Ok(edited.clone()));
    }

    /// Every line that was there is there in its order, and the new ones come after the heading.
    #[test]
    fn an_insertion_loses_no_line(
        before in "([a-z ]{0,8}\n){0,4}",
        after in "([a-z]{0,8}\n){0,4}",
        new in "[a-z]{1,8}(\n[a-z]{1,8}){0,3}",
    ) {
        let file = format!("{before}# News\n{after}");
        let edited = insertion(&new).put_into(Some(&file)).expect("it fits");
        let lines = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let expected = [lines(&before), lines("# News"), lines(&new), lines(&after)].concat();
        prop_assert_eq!(lines(&edited), expected);
        prop_assert!(edited.starts_with(&format!("{before}# News\n\n{new}\n")), "{:?}", edited);
    }
}
