//! The sweep itself. Its order, and why it harms no run beside it, stand in
//! the module's words.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::super::known::{Known, artifacts};
use super::super::object::{Store, io_error};
use super::super::survey::{CONDEMNED_PREFIX, Place, Survey};
use super::super::{StoreError, clock};
use super::error::GcError;
use super::hold::Hold;
use super::mark::{GcOptions, GcPlan, Outside, PlannedObject, PlannedRun, View};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// What was swept.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Runs.
    pub runs: u64,
    /// Objects.
    pub objects: u64,
    /// Bytes, of all together.
    pub bytes: u64,
    /// Trials that others hold, which stay.
    pub busy: u64,
}

/// Sweeps `store`. The roots outside it are asked for twice: before the
/// leases of what goes are taken, and after.
///
/// # Errors
/// When nothing would be kept, a record cannot be read, or the file system
/// says no; what went before is gone, and the rest is as it was.
pub fn sweep<E: From<GcError>>(
    store: &Store,
    options: &GcOptions,
    outside: &dyn Fn() -> Result<Outside, E>,
) -> Result<Swept, E> {
    let now = clock::now(store).map_err(GcError::from)?;
    let worked = super::hold::worked(store);
    give_back(store).map_err(GcError::from)?;
    let mut swept = Swept::default();
    let mut hold = Hold::new(store);
    let (before, none) = (outside()?, BTreeSet::new());
    let view = View { store, options, outside: &before, now, worked, ours: &none };
    let wanted: BTreeSet<RunId> = view.plan(None)?.runs.iter().map(|run| run.lease).collect();
    for run in wanted {
        if !hold.claim(run).map_err(GcError::from)? {
            swept.busy += 1;
        }
    }
    let (outside, ours) = (outside()?, hold.ours().clone());
    let view = View { outside: &outside, ours: &ours, ..view };
    let plan = view.plan(None)?;
    let runs: Vec<&PlannedRun> = plan.runs.iter().filter(|run| ours.contains(&run.lease)).collect();
    let leases: BTreeSet<RunId> = runs.iter().map(|run| run.lease).collect();
    let gone = remove_runs(store, &runs, &mut swept)?;
    remove_files(store, &plan, &mut swept).map_err(GcError::from)?;
    let plan = view.plan(Some(&gone))?;
    remove_objects(store, &plan, &mut swept).map_err(GcError::from)?;
    hold.forget_the_dead(store, &plan.dead).map_err(GcError::from)?;
    hold.let_go(&leases).map_err(GcError::from)?;
    Ok(swept)
}

/// Removes manifests, then folders; says which objects the manifests named.
fn remove_runs(
    store: &Store,
    runs: &[&PlannedRun],
    swept: &mut Swept,
) -> Result<BTreeSet<Digest>, GcError> {
    let mut gone = BTreeSet::new();
    let known = Known::of(store, &Survey::of(store.root()));
    for run in runs {
        let folder = store.run_path(run.run);
        if let Some(manifest) = known.manifests.get(&run.run) {
            gone.extend(artifacts(manifest).map(|(_, artifact)| artifact.digest));
        }
        removed(&folder.join("manifest.json"))?;
        match durable::sync_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            synced => synced.map_err(io_error(&folder))?,
        }
    }
    for run in runs {
        let folder = store.run_path(run.run);
        match durable::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done.map_err(io_error(&folder))?,
        }
        swept.runs += 1;
        swept.bytes += run.bytes;
    }
    let folder = store.root().join("runs");
    durable::sync_dir(&folder).map_err(io_error(&folder))?;
    Ok(gone)
}

fn remove_files(store: &Store, plan: &GcPlan, swept: &mut Swept) -> Result<(), StoreError> {
    for (path, size) in &plan.files {
        removed(&store.root().join(path))?;
        swept.bytes += size;
    }
    Ok(())
}

fn remove_objects(store: &Store, plan: &GcPlan, swept: &mut Swept) -> Result<(), StoreError> {
    for object in &plan.objects {
        if condemn(&store.object_path(object.digest), object)? {
            swept.objects += 1;
            swept.bytes += object.size;
        }
    }
    Ok(())
}

/// Renames the object at `path`, looks at its time once more, and removes it.
/// False where somebody touched it since it was planned, or it is gone.
fn condemn(path: &Path, object: &PlannedObject) -> Result<bool, StoreError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let condemned = path.with_file_name(format!("{CONDEMNED_PREFIX}{name}"));
    match durable::rename(path, &condemned) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        renamed => renamed.map_err(io_error(path))?,
    }
    if clock::written(&condemned) != Some(object.modified) {
        restore(&condemned, path, object.digest)?;
        return Ok(false);
    }
    removed(&condemned)?;
    Ok(true)
}

/// Gives the object `digest` its name back, unless it was put again meanwhile.
fn restore(condemned: &Path, path: &Path, digest: Digest) -> Result<(), StoreError> {
    // A link, unlike a rename, replaces nothing.
    match durable::link(condemned, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let right = |path: &Path| durable::read(path).is_ok_and(|b| Digest::of(&b) == digest);
            // What has the name is not taken on trust: these may be the only
            // right bytes, and those are altered.
            if !right(path) && right(condemned) {
                return durable::rename(condemned, path).map_err(io_error(path));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        linked => linked.map_err(io_error(path))?,
    }
    removed(condemned)
}

/// Gives back all that a sweep which was killed had renamed.
fn give_back(store: &Store) -> Result<(), StoreError> {
    let survey = Survey::of(store.root());
    let condemned = survey.each(|place| match place {
        Place::Condemned(digest) => Some(*digest),
        _ => None,
    });
    for (file, digest) in condemned {
        restore(&store.root().join(&file.path), &store.object_path(digest), digest)?;
    }
    Ok(())
}

/// Removes a file that may not be there.
fn removed(path: &Path) -> Result<(), StoreError> {
    match durable::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(()),
    }
}
