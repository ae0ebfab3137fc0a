//! Cycles in graphs of modules.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Graph, Module};

/// Returns each group of modules that import each other, directly or indirectly, with the imports
/// inside the group.
pub(crate) fn cycles(graph: &Graph) -> BTreeSet<Graph> {
    let reached: BTreeMap<_, _> =
        graph.keys().map(|module| (module, reachable(graph, module))).collect();
    let reaches =
        |from: &Module, to: &Module| reached.get(from).is_some_and(|reached| reached.contains(to));
    let cycle_of = |start: &Module| -> Graph {
        let is_member = |module: &Module| reaches(start, module) && reaches(module, start);
        let members = graph.iter().filter(|(module, _)| is_member(module));
        let inside = members.map(|(module, imports)| {
            let imports = imports.iter().filter(|import| is_member(import));
            (module.clone(), imports.cloned().collect())
        });
        inside.collect()
    };
    graph.keys().map(cycle_of).filter(|cycle| !cycle.is_empty()).collect()
}

fn reachable<'a>(graph: &'a Graph, start: &Module) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<_> = graph.get(start).into_iter().flatten().collect();
    while let Some(module) = waiting.pop() {
        if reached.insert(module) {
            waiting.extend(graph.get(module).into_iter().flatten());
        }
    }
    reached
}
