//! Table `known_peers`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_peers")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer: Vec<u8>,
    pub addresses: String,
    pub score: i32,
    pub last_success: i64,
    pub last_failure: Option<i64>,
    pub failures: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
