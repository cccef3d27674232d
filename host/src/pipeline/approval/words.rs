use super::approvers::Who;
use super::rule::Need;
use crate::model::Text;

impl Who {
    /// In words.
    #[must_use]
    pub fn words(&self) -> Text {
        Text::from(match self {
            Self::Anybody => "any signer".to_owned(),
            Self::Role(role) => format!("the role `{role}`"),
            Self::Principal(name) => format!("`{name}`"),
        })
    }
}

impl Need {
    /// What is missing of it, in a sentence without a full stop.
    #[must_use]
    pub fn missing(&self, there: u32) -> Text {
        let Self {
            count,
            who,
            four_eyes,
        } = self;
        let what = match count {
            1 => "an approval".to_owned(),
            count => format!("{count} approvals"),
        };
        let who = who.words();
        let eyes = if *four_eyes {
            ", not by who started the run or wrote a commit of it"
        } else {
            ""
        };
        let there = match there {
            0 => "none is there".to_owned(),
            1 => "1 is there".to_owned(),
            there => format!("{there} are there"),
        };
        let is = if *count == 1 { "is" } else { "are" };
        Text::from(format!(
            "{what} by {} {is} needed{eyes}, and {there}",
            who.raw()
        ))
    }
}
