//! A window of Tauri with nothing in it: what the start of the app is measured against
//! (`cargo xtask bench window`).

fn main() {
    let opened = tauri::Builder::default()
        .setup(|app| {
            let page = tauri::WebviewUrl::External("about:blank".parse()?);
            tauri::WebviewWindowBuilder::new(app, "main", page)
                .inner_size(1_280.0, 800.0)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!());
    if let Err(error) = opened {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}
