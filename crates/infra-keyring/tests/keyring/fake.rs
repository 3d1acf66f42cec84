//! Secret Services that a healthy gnome-keyring does not show: silent, refusing, forgetful.

use std::collections::HashMap;

use zbus::{
    blocking::{Connection, MessageIterator, connection::Builder},
    message::Type,
    zvariant::{ObjectPath, Value},
};

/// How the service behaves.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// It takes every call and answers none.
    Silent,
    /// It answers every call with "access denied".
    Refusing,
    /// It keeps nothing, and says that all went well.
    Forgetful,
}

/// A service that runs until this is dropped.
pub struct Fake {
    connection: Connection,
}

impl Fake {
    pub fn start(manner: Manner) -> Self {
        let connection = Builder::session()
            .and_then(|builder| builder.name("org.freedesktop.secrets"))
            .and_then(|builder| builder.build())
            .expect("the bus of the test");
        let calls = MessageIterator::from(&connection);
        let answering = connection.clone();
        std::thread::spawn(move || {
            for call in calls.map_while(Result::ok) {
                if call.message_type() == Type::MethodCall {
                    answer(&answering, manner, &call).expect("the bus takes an answer");
                }
            }
        });
        Self { connection }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let closed = self.connection.clone().close();
        closed.expect("the bus of the test");
    }
}

fn answer(bus: &Connection, manner: Manner, call: &zbus::Message) -> zbus::Result<()> {
    let header = call.header();
    match manner {
        Manner::Silent => Ok(()),
        Manner::Refusing => {
            let name = "org.freedesktop.DBus.Error.AccessDenied";
            bus.reply_error(&header, name, &"this session may not")
        }
        Manner::Forgetful => {
            let path = |path| ObjectPath::from_static_str_unchecked(path);
            let nowhere: [ObjectPath<'_>; 0] = [];
            match header.member().expect("a call has one").as_str() {
                "OpenSession" => {
                    let public_key = Value::from(vec![5_u8; 128]);
                    bus.reply(&header, &(public_key, path("/session")))
                }
                "SearchItems" => bus.reply(&header, &(&nowhere[..], &nowhere[..])),
                "ReadAlias" => bus.reply(&header, &path("/collection")),
                "Get" => bus.reply(&header, &Value::from(false)),
                "GetAll" => bus.reply(&header, &HashMap::<String, Value<'_>>::new()),
                "CreateItem" => bus.reply(&header, &(path("/item"), path("/"))),
                other => panic!("nobody should call {other}"),
            }
        }
    }
}
