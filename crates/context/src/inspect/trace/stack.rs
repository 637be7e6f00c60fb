//! The stack pointer, which tells whose a frame is. The address of a local would not do: sanitizers keep locals elsewhere.

/// The stack pointer of the function that this is inlined into.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn pointer() -> Option<usize> {
    let pointer;
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    Some(pointer)
}

/// The stack pointer of the function that this is inlined into.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub(super) fn pointer() -> Option<usize> {
    let pointer;
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    Some(pointer)
}

/// Not known. What is too much of a stack is told by names then.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn pointer() -> Option<usize> {
    None
}
