//! What is counted, for those who do it (`benches/hot_paths`) and for those who judge the counts (`src/main.rs`).

/// How many scripts each scene has.
pub const SCRIPTS: u64 = 1_000;

/// How many frames are counted of works that are the same in each.
pub const FRAMES: u64 = 10;

/// How often a script of [`SELF_WAKE`] wakes itself in a frame, beside the resume that the frame brings.
pub const SELF_WAKES: u64 = 8;

/// Something that scripts do, over and over.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What its benchmark is called.
    pub name: &'static str,
    /// What is done once.
    pub unit: &'static str,
    /// How often it is done while instructions are counted.
    pub times: u64,
}

const fn work(name: &'static str, unit: &'static str, times: u64) -> Work {
    Work { name, unit, times }
}

pub const RESUME_IN_ORDER: Work = work("resume_in_order", "resume", SCRIPTS * FRAMES);
pub const RESUME_SHUFFLED: Work = work("resume_shuffled", "resume", SCRIPTS * FRAMES);
pub const SELF_WAKE: Work = work("self_wake", "poll", SCRIPTS * FRAMES * (SELF_WAKES + 1));
pub const WAKE_HOP: Work = work("wake_hop", "hop", SCRIPTS * FRAMES);
pub const SPAWN: Work = work("spawn", "spawn, poll, end", SCRIPTS * FRAMES);
pub const CANCEL: Work = work("cancel", "cancel", SCRIPTS);
pub const SLEEP_ARM: Work = work("sleep_arm", "resume, arm", SCRIPTS);
pub const SLEEP_FIRE: Work = work("sleep_fire", "fire, resume", SCRIPTS);
pub const RACE: Work = work("race", "race", SCRIPTS * FRAMES);
pub const JOIN: Work = work("join", "join", SCRIPTS * FRAMES);
pub const ECS_MOVE: Work = work("ecs_move", "resume, move", SCRIPTS * FRAMES);
pub const ECS_MOVE_BY: Work = work("ecs_move_by", "resume, move by another component", SCRIPTS * FRAMES);
pub const ECS_UNTIL: Work = work("ecs_until", "check", SCRIPTS * FRAMES);
pub const ECS_UNTIL_OWN: Work = work("ecs_until_own", "check of an own component", SCRIPTS * FRAMES);
pub const ECS_HEAR: Work = work("ecs_hear", "trigger, hear, resume", SCRIPTS * FRAMES);

pub const WORKS: [Work; 15] = [
    RESUME_IN_ORDER,
    RESUME_SHUFFLED,
    SELF_WAKE,
    WAKE_HOP,
    SPAWN,
    CANCEL,
    SLEEP_ARM,
    SLEEP_FIRE,
    RACE,
    JOIN,
    ECS_MOVE,
    ECS_MOVE_BY,
    ECS_UNTIL,
    ECS_UNTIL_OWN,
    ECS_HEAR,
];
