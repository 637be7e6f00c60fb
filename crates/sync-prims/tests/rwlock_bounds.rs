//! What of a `RwLock` may be sent, and what may be shared.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use sync_prims::RwLock;
use sync_prims::rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, OwnedMappedRwLockReadGuard,
    OwnedMappedRwLockWriteGuard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard,
    OwnedRwLockWriteGuard, Read, ReadOwned, RwLockReadGuard, RwLockUpgradableReadGuard,
    RwLockWriteGuard, UpgradableRead, UpgradableReadOwned, Upgrade, Write, WriteOwned,
};

/// May be shared, and not sent.
type SyncOnly = MutexGuard<'static, u8>;
/// May be sent, and not shared.
type SendOnly = Cell<u8>;
type Neither = Rc<u8>;

assert_impl_all!(RwLock<u8>: Send, Sync, Unpin);
assert_impl_all!(RwLock<SendOnly>: Send);
assert_not_impl_any!(RwLock<SendOnly>: Sync);
assert_not_impl_any!(RwLock<SyncOnly>: Send, Sync);

// What gives the lock away, or will give such a guard, may go where the lock may be shared.
assert_impl_all!(RwLockReadGuard<'static, u8>: Send, Sync, Unpin);
assert_impl_all!(RwLockUpgradableReadGuard<'static, u8>: Send, Sync, Unpin);
assert_impl_all!(RwLockWriteGuard<'static, u8>: Send, Sync, Unpin);
assert_impl_all!(OwnedRwLockReadGuard<u8>: Send, Sync, Unpin);
assert_impl_all!(OwnedRwLockUpgradableReadGuard<u8>: Send, Sync, Unpin);
assert_impl_all!(OwnedRwLockWriteGuard<u8>: Send, Sync, Unpin);
assert_not_impl_any!(RwLockReadGuard<'static, SendOnly>: Send, Sync);
assert_not_impl_any!(RwLockReadGuard<'static, SyncOnly>: Send, Sync);
assert_not_impl_any!(RwLockWriteGuard<'static, SendOnly>: Send, Sync);
assert_not_impl_any!(RwLockWriteGuard<'static, SyncOnly>: Send, Sync);
assert_not_impl_any!(OwnedRwLockReadGuard<SendOnly>: Send, Sync);
assert_not_impl_any!(OwnedRwLockReadGuard<SyncOnly>: Send, Sync);
assert_not_impl_any!(OwnedRwLockWriteGuard<SendOnly>: Send, Sync);
assert_not_impl_any!(OwnedRwLockWriteGuard<SyncOnly>: Send, Sync);

assert_impl_all!(Read<'static, u8>: Send, Sync);
assert_impl_all!(UpgradableRead<'static, u8>: Send, Sync);
assert_impl_all!(Write<'static, u8>: Send, Sync);
assert_impl_all!(ReadOwned<u8>: Send, Sync);
assert_impl_all!(UpgradableReadOwned<u8>: Send, Sync);
assert_impl_all!(WriteOwned<u8>: Send, Sync);
assert_impl_all!(Upgrade<&'static RwLock<u8>>: Send, Sync);
assert_not_impl_any!(Read<'static, u8>: Unpin);
assert_not_impl_any!(Upgrade<&'static RwLock<u8>>: Unpin);
assert_not_impl_any!(Read<'static, SendOnly>: Send, Sync);
assert_not_impl_any!(Write<'static, SyncOnly>: Send, Sync);
assert_not_impl_any!(WriteOwned<SendOnly>: Send, Sync);
assert_not_impl_any!(Upgrade<&'static RwLock<SendOnly>>: Send, Sync);

// A mapped guard gives away its part alone.
assert_impl_all!(MappedRwLockReadGuard<'static, u8>: Send, Sync, Unpin);
assert_impl_all!(MappedRwLockReadGuard<'static, SyncOnly>: Send, Sync);
assert_not_impl_any!(MappedRwLockReadGuard<'static, SendOnly>: Send, Sync);
assert_not_impl_any!(MappedRwLockReadGuard<'static, Neither>: Send, Sync);
assert_impl_all!(MappedRwLockWriteGuard<'static, u8>: Send, Sync, Unpin);
assert_impl_all!(MappedRwLockWriteGuard<'static, SendOnly>: Send);
assert_not_impl_any!(MappedRwLockWriteGuard<'static, SendOnly>: Sync);
assert_impl_all!(MappedRwLockWriteGuard<'static, SyncOnly>: Sync);
assert_not_impl_any!(MappedRwLockWriteGuard<'static, SyncOnly>: Send);
assert_not_impl_any!(MappedRwLockWriteGuard<'static, Neither>: Send, Sync);

// Counting the lock, it may be the last to have it, and drops the value then.
assert_impl_all!(OwnedMappedRwLockReadGuard<u8, SyncOnly>: Send, Sync);
assert_not_impl_any!(OwnedMappedRwLockReadGuard<u8, SendOnly>: Send, Sync);
assert_not_impl_any!(OwnedMappedRwLockReadGuard<SyncOnly, u8>: Send);
assert_impl_all!(OwnedMappedRwLockWriteGuard<u8, SendOnly>: Send);
assert_not_impl_any!(OwnedMappedRwLockWriteGuard<u8, SendOnly>: Sync);
assert_not_impl_any!(OwnedMappedRwLockWriteGuard<Neither, u8>: Send);
