//! Whole reports of trials that several models of processor made.

use super::fixture::results;
use super::tests::page;

#[test]
fn trials_of_several_models_of_processor_are_said_at_the_top_and_in_the_origin() {
    let mut results = results();
    assert!(!page(&results).contains("more than one model of processor"));
    results.trials[0].hardware.trained_on.push("Intel Xeon".to_owned());
    results.trials[1].evaluated.host.cpu = "Intel Xeon".to_owned();
    let page = page(&results);
    for needed in [
        "The trials were made on more than one model of processor: AMD EPYC 9354",
        "1 trial was trained on more than one model, from a checkpoint that another had written",
        "trained on AMD EPYC 9354 32-Core Processor, then Intel Xeon",
        "; evaluated on Intel Xeon, 16 processors",
    ] {
        assert!(page.contains(needed), "no “{needed}”");
    }
}
