//! Which task next: a pure state machine over slots, resources, dependencies and expected times.
