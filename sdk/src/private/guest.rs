use std::marker::PhantomData;
use std::sync::Once;

use super::bindings::imports::holdpoint::plugin::model;
use super::bindings::{action, document, notify, policy, resource, risk, verify};
use crate::{
    Action, Channel, Document, Edit, Event, Fault, Finding, Message, Notify, Plugin, Policy,
    Reading, Release, Requirement, Resource, Risk, Settings, Step, Verify, log,
};

/// The exports of a plugin, one implementation for each kind that it is.
pub struct Exported<P>(PhantomData<P>);

/// Reads what every kind is given. Panics are logged from here on, with message and place.
fn given<P: Plugin>(
    release: model::Release,
    settings: &str,
) -> Result<(Release, P::Settings), Fault> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| log::error(panic.to_string())));
    });
    let settings = P::Settings::read(settings)
        .map_err(|error| Fault::settings(format!("the settings cannot be read: {error}")))?;
    Ok((Release::from_host(release), settings))
}

impl<P: Policy> policy::exports::holdpoint::plugin::policy::Guest for Exported<P> {
    fn check(release: model::Release, settings: String) -> Result<Vec<Finding>, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::check(&release, &settings)?)
    }
}

impl<P: Risk> risk::exports::holdpoint::plugin::risk::Guest for Exported<P> {
    fn assess(
        release: model::Release,
        settings: String,
    ) -> Result<crate::Assessment, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::assess(&release, &settings)?)
    }
}

impl<P: Resource> resource::exports::holdpoint::plugin::resource::Guest for Exported<P> {
    fn claim(release: model::Release, settings: String) -> Result<Vec<Requirement>, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::claim(&release, &settings)?)
    }
}

impl<P: Document> document::exports::holdpoint::plugin::document::Guest for Exported<P> {
    fn render(release: model::Release, settings: String) -> Result<Vec<Edit>, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::render(&release, &settings)?)
    }
}

impl<P: Notify> notify::exports::holdpoint::plugin::notify::Guest for Exported<P> {
    fn compose(
        release: model::Release,
        settings: String,
        event: Event,
        channel: Channel,
    ) -> Result<Vec<Message>, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::compose(&release, &settings, &event, &channel)?)
    }
}

impl<P: Action> action::exports::holdpoint::plugin::action::Guest for Exported<P> {
    fn plan(release: model::Release, settings: String) -> Result<Vec<Step>, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::plan(&release, &settings)?)
    }
}

impl<P: Verify> verify::exports::holdpoint::plugin::verify::Guest for Exported<P> {
    fn measure(
        release: model::Release,
        settings: String,
        attempt: u32,
    ) -> Result<Reading, model::Fault> {
        let (release, settings) = given::<P>(release, &settings)?;
        Ok(P::measure(&release, &settings, attempt)?)
    }
}
