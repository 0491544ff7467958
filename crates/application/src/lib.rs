//! The use cases: record runs, publish and read rankings, browse the catalogue
