//! The vault gives way to patience: whoever stays with it long enough has the diamond, and the bell.

use bevy_ecs::{error::Result, prelude::*};
use framestep::*;

use crate::{acts::*, map, world::*};

pub async fn vault(me: Me, vault: map::Vault) -> Result {
    let mut sieges = me.listen::<Besieged>();
    loop {
        while !sieges.next().await.0 {}
        note(&me, "is being cracked")?;
        me.with(|mut vault: Mut<Vault>| vault.cracking = true)?;

        match race(sieges.next(), sleep(vault.crack)).await {
            Race::First(_left) => {
                me.with(|mut vault: Mut<Vault>| vault.cracking = false)?;
            }
            Race::Second(()) => break,
        }
    }
    take_diamond(&me)?;
    note(&me, "is gone from the vault")?;
    send(&me, Alarm { cell: vault.at })?;
    Ok(())
}
