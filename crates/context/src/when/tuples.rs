//! Tuples as groups: one storage type per length, since a tuple cannot be indexed. The macro writes what a loop over
//! its fields would be.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::children::{Children, Group, Slot};
use super::one_of::{
    OneOf1, OneOf2, OneOf3, OneOf4, OneOf5, OneOf6, OneOf7, OneOf8, OneOf9, OneOf10, OneOf11,
    OneOf12,
};

macro_rules! tuple_group {
    ($Slots:ident, $OneOf:ident, $count:literal: $($F:ident $field:ident $Variant:ident $index:tt),+) => {
        pin_project_lite::pin_project! {
            #[doc(hidden)]
            #[allow(missing_debug_implementations)]
            pub struct $Slots<$($F: Future),+> {
                $(#[pin] $field: Slot<$F>,)+
            }
        }

        impl<$($F: IntoFuture),+> Group for ($($F,)+) {
            type Outputs = ($($F::Output,)+);
            type First = $OneOf<$($F::Output),+>;
            type Children = $Slots<$($F::IntoFuture),+>;

            #[inline]
            fn into_children(self) -> Self::Children {
                $Slots { $($field: Slot::new(self.$index.into_future()),)+ }
            }
        }

        impl<$($F: Future),+> Children for $Slots<$($F),+> {
            type Outputs = ($($F::Output,)+);
            type First = $OneOf<$($F::Output),+>;

            #[inline]
            fn count(&self) -> usize {
                $count
            }

            #[inline]
            fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()> {
                let this = self.project();
                match index {
                    $($index => this.$field.poll(cx),)+
                    _ => unreachable!("a tuple of {} has no child {index}", $count),
                }
            }

            #[inline]
            fn take_outputs(self: Pin<&mut Self>) -> Self::Outputs {
                let this = self.project();
                ($(this.$field.take(),)+)
            }

            #[inline]
            fn take_first(self: Pin<&mut Self>, index: usize) -> Self::First {
                let this = self.project();
                match index {
                    $($index => $OneOf::$Variant(this.$field.take()),)+
                    _ => unreachable!("a tuple of {} has no child {index}", $count),
                }
            }

            #[inline]
            fn clear(self: Pin<&mut Self>) {
                let this = self.project();
                $(this.$field.clear();)+
            }
        }
    };
}

tuple_group!(Slots1, OneOf1, 1:
    A a First 0);
tuple_group!(Slots2, OneOf2, 2:
    A a First 0,
    B b Second 1);
tuple_group!(Slots3, OneOf3, 3:
    A a First 0,
    B b Second 1,
    C c Third 2);
tuple_group!(Slots4, OneOf4, 4:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3);
tuple_group!(Slots5, OneOf5, 5:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4);
tuple_group!(Slots6, OneOf6, 6:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5);
tuple_group!(Slots7, OneOf7, 7:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5,
    G g Seventh 6);
tuple_group!(Slots8, OneOf8, 8:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5,
    G g Seventh 6,
    H h Eighth 7);
tuple_group!(Slots9, OneOf9, 9:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5,
    G g Seventh 6,
    H h Eighth 7,
    I i Ninth 8);
tuple_group!(Slots10, OneOf10, 10:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5,
    G g Seventh 6,
    H h Eighth 7,
    I i Ninth 8,
    J j Tenth 9);
tuple_group!(Slots11, OneOf11, 11:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5,
    G g Seventh 6,
    H h Eighth 7,
    I i Ninth 8,
    J j Tenth 9,
    K k Eleventh 10);
tuple_group!(Slots12, OneOf12, 12:
    A a First 0,
    B b Second 1,
    C c Third 2,
    D d Fourth 3,
    E e Fifth 4,
    F f Sixth 5,
    G g Seventh 6,
    H h Eighth 7,
    I i Ninth 8,
    J j Tenth 9,
    K k Eleventh 10,
    L l Twelfth 11);
