//! What a node in a process of its own leaves behind: nothing, however it ends.

use kukuri_tests::script::{NodeArgs, Process};

async fn node() -> anyhow::Result<Process> {
    let words = NodeArgs::default().to_words();
    Process::start(None, env!("CARGO_BIN_EXE_node"), &words).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_home_of_a_killed_process_is_removed() -> anyhow::Result<()> {
    let (killed, stopped) = (node().await?, node().await?);
    let folders = [&killed, &stopped].map(|node| node.folder().to_owned());
    for folder in &folders {
        let homes = std::fs::read_dir(folder)?.count();
        assert_eq!(homes, 1, "its home is in {}", folder.display());
    }
    drop(killed);
    stopped.stop().await?;
    for folder in &folders {
        assert!(!folder.exists(), "{} stayed", folder.display());
    }
    Ok(())
}
