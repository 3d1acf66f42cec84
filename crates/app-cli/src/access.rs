//! How a command comes to its profile: what the command line says about it, and where it logs.

use std::sync::Arc;

use kukuri_node::{
    Home, ProfileLock,
    logs::{self, LogWish},
};
use kukuri_wiring::{Access, Failure, Need, Place, Role, access};

use crate::{args::ProfileArgs, screen::LogScreen, terminal::Terminal};

/// What this program is called, for others who want the profile meanwhile.
const PROGRAM: &str = "kukuri";

/// Finds the profile that the command line names, and reads its configuration.
pub fn place_of(args: &ProfileArgs) -> Result<Place, Failure> {
    let home = home_of(args)?;
    Place::of(home, args.set.clone(), PROGRAM, Arc::new(Terminal))
}

/// Where the profile is that the command line names.
pub fn home_of(args: &ProfileArgs) -> Result<Home, Failure> {
    let folder = args
        .home
        .as_deref()
        .filter(|folder| !folder.as_os_str().is_empty());
    Ok(Home::locate(folder, &args.profile)?)
}

/// Takes the lock of a profile for a command that works on its keys, and starts the log.
pub async fn hold(args: &ProfileArgs, place: &Place) -> Result<ProfileLock, Failure> {
    place.home.create()?;
    start_log(args, place, &LogScreen::default())?;
    access::hold(place).await
}

/// A client that can do what the command needs.
pub async fn open(args: &ProfileArgs, need: Need, screen: &LogScreen) -> Result<Access, Failure> {
    let place = place_of(args)?;
    let log = |place: &Place, role: Role| match role {
        // A command beside a node logs only where it was asked to.
        Role::Beside if args.log.is_none() => Ok(()),
        Role::Beside | Role::Holder => start_log(args, place, screen),
    };
    Access::open(&place, need, &log).await
}

fn start_log(args: &ProfileArgs, place: &Place, screen: &LogScreen) -> Result<(), Failure> {
    let wish = LogWish::of_process(args.log.clone());
    let screen = wish
        .flag
        .is_some()
        .then(|| logs::Writer::new(screen.clone()));
    let settings = &place.settings.log;
    Ok(logs::start(&place.home, &wish, settings, screen)?)
}
