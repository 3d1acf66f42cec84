//! The errors of the Secret Service, of the bus between us, and what they mean.
//!
//! Owns the line between "there is no keyring" and "there is one, but": only on the right side of
//! it is a user never offered another store. When in doubt it is the latter.

use std::io::ErrorKind;

use keyring_core::error::PlatformError;
use kukuri_application::ports::VaultError;
use secret_service::Error as Service;

/// What an error of the store's means.
pub(super) fn of_platform(source: PlatformError) -> VaultError {
    match source.downcast::<Service>() {
        Ok(error) => secret_service_error(*error),
        Err(other) => VaultError::Refused(other),
    }
}

fn secret_service_error(error: Service) -> VaultError {
    match error {
        Service::Unavailable => VaultError::Unavailable(Box::new(error)),
        Service::Locked => VaultError::Locked("the keyring is locked".into()),
        Service::Prompt => VaultError::Locked(
            "nobody unlocked it: its window was dismissed, or there is none".into(),
        ),
        Service::NoResult => {
            VaultError::Refused("the Secret Service has no default keyring to put keys into".into())
        }
        Service::PromptDisconnected => VaultError::Access(Box::new(error)),
        Service::Zbus(zbus::Error::FDO(error)) => bus_error(*error),
        Service::ZbusFdo(error) => bus_error(error),
        Service::Zbus(error) => connection_error(error),
        other => VaultError::Refused(Box::new(other)),
    }
}

/// An error of the bus or of the service behind it.
fn connection_error(error: zbus::Error) -> VaultError {
    match &error {
        zbus::Error::Address(_) => VaultError::Unavailable(Box::new(error)),
        zbus::Error::InputOutput(io) | zbus::Error::Connection(io, _) => match io.kind() {
            // No bus: nobody listens there, or there is no such place.
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::ConnectionRefused => {
                // Its text names the cause already.
                VaultError::Unavailable(error.to_string().into())
            }
            _ => VaultError::Access(error.to_string().into()),
        },
        zbus::Error::MethodError(name, ..) => of_name(name.as_str(), error.to_string()),
        _ => VaultError::Refused(Box::new(error)),
    }
}

fn bus_error(error: zbus::fdo::Error) -> VaultError {
    use zbus::DBusError as _;
    match error {
        zbus::fdo::Error::ZBus(error) => connection_error(error),
        other => of_name(other.name().as_str(), other.to_string()),
    }
}

fn of_name(name: &str, text: String) -> VaultError {
    const BUS: &str = "org.freedesktop.DBus.Error.";
    match name.strip_prefix(BUS) {
        Some("ServiceUnknown" | "NameHasNoOwner") => VaultError::Unavailable(
            "no program on this session's bus provides org.freedesktop.secrets".into(),
        ),
        Some("NoReply" | "Disconnected" | "Timeout") => VaultError::Access(text.into()),
        Some(reason) if reason.starts_with("Spawn.") => VaultError::Unavailable(text.into()),
        _ if name == "org.freedesktop.Secret.Error.IsLocked" => VaultError::Locked(text.into()),
        _ => VaultError::Refused(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn meaning(error: Service) -> &'static str {
        match of_platform(Box::new(error)) {
            VaultError::Unavailable(_) => "unavailable",
            VaultError::Locked(_) => "locked",
            VaultError::Refused(_) => "refused",
            VaultError::Access(_) => "access",
            other => panic!("{other:?}"),
        }
    }

    fn io(kind: ErrorKind) -> Service {
        let error = std::sync::Arc::new(std::io::Error::from(kind));
        Service::Zbus(zbus::Error::InputOutput(error))
    }

    fn connecting(kind: ErrorKind) -> Service {
        let address = "unix:path=/nowhere".parse().expect("an address");
        let error = std::sync::Arc::new(std::io::Error::from(kind));
        Service::Zbus(zbus::Error::Connection(error, address))
    }

    #[rstest]
    #[case(connecting(ErrorKind::NotFound), "unavailable")]
    #[case(connecting(ErrorKind::ConnectionRefused), "unavailable")]
    #[case(connecting(ErrorKind::NotADirectory), "unavailable")]
    #[case(connecting(ErrorKind::PermissionDenied), "access")]
    #[case(Service::Unavailable, "unavailable")]
    #[case(Service::Zbus(zbus::Error::Address("nonsense".into())), "unavailable")]
    #[case(io(ErrorKind::NotFound), "unavailable")]
    #[case(io(ErrorKind::ConnectionRefused), "unavailable")]
    #[case(io(ErrorKind::PermissionDenied), "access")]
    #[case(io(ErrorKind::BrokenPipe), "access")]
    #[case(Service::ZbusFdo(zbus::fdo::Error::ServiceUnknown("x".into())), "unavailable")]
    #[case(Service::ZbusFdo(zbus::fdo::Error::SpawnFailed("x".into())), "unavailable")]
    #[case(Service::ZbusFdo(zbus::fdo::Error::AccessDenied("x".into())), "refused")]
    #[case(Service::ZbusFdo(zbus::fdo::Error::NoReply("x".into())), "access")]
    #[case(Service::Zbus(zbus::Error::FDO(Box::new(zbus::fdo::Error::Disconnected("x".into())))), "access")]
    #[case(Service::Locked, "locked")]
    #[case(Service::Prompt, "locked")]
    #[case(Service::NoResult, "refused")]
    #[case(Service::Crypto("x"), "refused")]
    #[case(Service::PromptDisconnected, "access")]
    fn only_a_missing_bus_or_service_is_unavailable(
        #[case] error: Service,
        #[case] expected: &str,
    ) {
        assert_eq!(meaning(error), expected);
    }

    #[rstest]
    #[case("org.freedesktop.DBus.Error.ServiceUnknown", "unavailable")]
    #[case("org.freedesktop.DBus.Error.Spawn.ChildExited", "unavailable")]
    #[case("org.freedesktop.Secret.Error.IsLocked", "locked")]
    #[case("org.freedesktop.DBus.Error.Timeout", "access")]
    #[case("org.example.Whatever", "refused")]
    fn names_of_errors_have_a_meaning(#[case] name: &str, #[case] expected: &str) {
        let error = of_name(name, "text".to_owned());
        let found = match error {
            VaultError::Unavailable(_) => "unavailable",
            VaultError::Locked(_) => "locked",
            VaultError::Refused(_) => "refused",
            _ => "access",
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_error_of_the_secret_service_is_refused() {
        let error = of_platform("strange".into());
        assert!(matches!(error, VaultError::Refused(_)), "{error:?}");
    }
}
