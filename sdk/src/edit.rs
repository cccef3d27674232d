use crate::{Edit, Insertion, NewContent, Section};

impl Edit {
    /// A file written whole, whether or not it is there yet.
    ///
    /// `path` is relative to the root of the repository. `title` says in a few words what is edited.
    pub fn whole(
        path: impl Into<String>,
        content: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            content: NewContent::Whole(content.into()),
            title: title.into(),
        }
    }

    /// What stands between two lines of a file, written anew.
    ///
    /// The host puts it into the file of the judged commit, which the plugin need not read. The file
    /// must have each of the two lines exactly once; blanks around them do not count.
    ///
    /// ```
    /// use holdpoint_sdk::Edit;
    ///
    /// let marks = ("<!-- version -->", "<!-- /version -->");
    /// let edit = Edit::section("README.md", marks, "holdpoint = \"1.4\"", "the version to depend on");
    /// # assert_eq!(edit.content.text(), "holdpoint = \"1.4\"");
    /// ```
    pub fn section(
        path: impl Into<String>,
        (begin, end): (impl Into<String>, impl Into<String>),
        content: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            content: NewContent::Section(Section {
                begin: begin.into(),
                end: end.into(),
                content: content.into(),
            }),
            title: title.into(),
        }
    }

    /// Lines below a heading, which the file must have exactly once.
    ///
    /// The host sets them off by an empty line on both sides.
    ///
    /// ```
    /// use holdpoint_sdk::Edit;
    ///
    /// let edit = Edit::insertion("NEWS.md", "# News", "- 1.4 is out", "news of 1.4");
    /// # assert_eq!(edit.content.text(), "- 1.4 is out");
    /// ```
    pub fn insertion(
        path: impl Into<String>,
        heading: impl Into<String>,
        content: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            content: NewContent::Insertion(Insertion {
                heading: heading.into(),
                content: content.into(),
            }),
            title: title.into(),
        }
    }
}

impl NewContent {
    /// What is written: all of the file, or the part of it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Whole(content) => content,
            Self::Section(section) => &section.content,
            Self::Insertion(insertion) => &insertion.content,
        }
    }
}
