//! News from a server: a real tokio runtime talks over a real socket, on this machine, while the game goes on frame by
//! frame. `cargo run --example tokio_bridge`
//!
//! Shown here: work of another runtime awaited in a script, values that come in from its threads, a time limit on them,
//! and a loop that sleeps while there is nothing to do.

use std::io;
use std::net::SocketAddr;
use std::thread;

use bevy_ecs::prelude::*;
use framestep::{
    Executor, InletSender, Me, Race, Script, ScriptExecutor, ScriptRegistry, SpawnScript, frames, inlet, race,
    step_scripts,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Handle, Runtime};

/// What is on the screen.
#[derive(Resource, Debug, Default, PartialEq)]
struct Screen {
    news: Vec<String>,
    is_offline: bool,
}

/// A script that asks the server and shows each line as it comes.
fn news(tokio: Handle, server: SocketAddr) -> Script {
    Script::named("news", async move |me: Me| {
        // Blocking work on a thread of tokio's, whose handle is a future like any other.
        let issue = tokio.spawn_blocking(|| (1..=10_u64).product::<u64>()).await?;
        me.resource_mut(|mut screen: Mut<Screen>| screen.news.push(format!("issue {issue}")))?;

        // Of what comes through an inlet scripts see nothing before a step begins, and all of it in order.
        let (sender, mut lines) = inlet();
        tokio.spawn(async move { drop(fetch(server, sender).await) });
        loop {
            match race(lines.next(), frames(600)).await {
                Race::First(Some(line)) => me.resource_mut(|mut screen: Mut<Screen>| screen.news.push(line))?,
                Race::First(None) => return Ok(()),
                Race::Second(()) => {
                    me.resource_mut(|mut screen: Mut<Screen>| screen.is_offline = true)?;
                    return Ok(());
                }
            }
        }
    })
}

/// Sends every line on, on tokio's threads.
async fn fetch(server: SocketAddr, lines: InletSender<String>) -> io::Result<()> {
    let mut socket = BufReader::new(TcpStream::connect(server).await?).lines();
    while let Some(line) = socket.next_line().await? {
        if lines.send(line).is_err() {
            break; // the script is gone
        }
    }
    Ok(())
}

/// A server that sends some lines to everybody who asks, and then, if it is lively, hangs up.
async fn serve(listener: TcpListener, is_lively: bool) -> io::Result<()> {
    loop {
        let (mut socket, _) = listener.accept().await?;
        socket.write_all(b"the king is dead\nlong live the king\n").await?;
        if !is_lively {
            std::future::pending::<()>().await;
        }
    }
}

/// A server in a runtime of its own, and a game that asks it.
fn game(is_lively: bool) -> io::Result<(World, Schedule, Runtime)> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let server = listener.local_addr()?;
    runtime.spawn(serve(listener, is_lively));

    let (mut world, mut schedule) = (World::new(), Schedule::default());
    schedule.add_systems(step_scripts);
    // Whatever comes from outside wakes this thread, where it sleeps between frames.
    let game = thread::current();
    let executor = Executor::builder().on_outside_wake(move || game.unpark()).build();
    world.insert_non_send(ScriptExecutor::new(executor));
    world.init_resource::<Screen>();
    world.spawn_script(news(runtime.handle().clone(), server));
    Ok((world, schedule, runtime))
}

fn main() -> io::Result<()> {
    let (mut world, mut schedule, _runtime) = game(true)?;
    loop {
        schedule.run(&mut world);
        let screen = world.resource::<Screen>();
        println!("frame {}: {:?}", world.non_send::<ScriptExecutor>().executor().frame(), screen.news);
        if world.resource::<ScriptRegistry>().running() == 0 {
            return Ok(());
        }
        // No frames while there is nothing to show: until the next line comes.
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_arrives_in_order() {
        let (mut world, mut schedule, _runtime) = game(true).unwrap();
        loop {
            schedule.run(&mut world);
            if world.resource::<ScriptRegistry>().running() == 0 {
                break;
            }
            thread::park();
        }
        let news = ["issue 3628800", "the king is dead", "long live the king"].map(String::from).to_vec();
        assert_eq!(*world.resource::<Screen>(), Screen { news, is_offline: false });
    }

    /// Steps until so much is on the screen, asleep while nothing comes.
    fn wait_for_news(world: &mut World, schedule: &mut Schedule, lines: usize) {
        loop {
            schedule.run(world);
            if world.resource::<Screen>().news.len() >= lines {
                return;
            }
            thread::park();
        }
    }

    #[test]
    fn who_is_despawned_in_the_middle_hears_no_more() {
        let (mut world, mut schedule, _runtime) = game(false).unwrap();
        wait_for_news(&mut world, &mut schedule, 3);
        let news = world.query_filtered::<Entity, With<Script>>().single(&world).unwrap();
        world.despawn(news);
        schedule.run(&mut world);
        assert_eq!(world.non_send::<ScriptExecutor>().executor().live(), 0);
    }

    #[test]
    fn a_server_that_falls_silent_is_given_up() {
        let (mut world, mut schedule, _runtime) = game(false).unwrap();
        wait_for_news(&mut world, &mut schedule, 3);
        (0..599).for_each(|_frame| schedule.run(&mut world));
        assert!(!world.resource::<Screen>().is_offline);
        schedule.run(&mut world);
        assert!(world.resource::<Screen>().is_offline);
    }
}
