//! Which of several futures of different types was ready first, and its output.

macro_rules! one_of {
    ($OneOf:ident, $count:literal: $($T:ident $Variant:ident $place:literal),+) => {
        #[doc = concat!("The output of the first of ", $count, " futures; see [`when_any`](super::when_any).")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $OneOf<$($T),+> {
            $(
                #[doc = concat!("Future ", $place, " was first.")]
                $Variant($T),
            )+
        }

        impl<T> $OneOf<$(one_of!(@same $T T)),+> {
            /// The output, where all are of one type.
            pub fn into_inner(self) -> T {
                match self {
                    $($OneOf::$Variant(output) => output,)+
                }
            }
        }
    };
    (@same $T:ident $Same:ident) => { $Same };
}

one_of!(OneOf1, 1:
    A First 0);
one_of!(OneOf2, 2:
    A First 0,
    B Second 1);
one_of!(OneOf3, 3:
    A First 0,
    B Second 1,
    C Third 2);
one_of!(OneOf4, 4:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3);
one_of!(OneOf5, 5:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4);
one_of!(OneOf6, 6:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5);
one_of!(OneOf7, 7:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5,
    G Seventh 6);
one_of!(OneOf8, 8:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5,
    G Seventh 6,
    H Eighth 7);
one_of!(OneOf9, 9:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5,
    G Seventh 6,
    H Eighth 7,
    I Ninth 8);
one_of!(OneOf10, 10:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5,
    G Seventh 6,
    H Eighth 7,
    I Ninth 8,
    J Tenth 9);
one_of!(OneOf11, 11:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5,
    G Seventh 6,
    H Eighth 7,
    I Ninth 8,
    J Tenth 9,
    K Eleventh 10);
one_of!(OneOf12, 12:
    A First 0,
    B Second 1,
    C Third 2,
    D Fourth 3,
    E Fifth 4,
    F Sixth 5,
    G Seventh 6,
    H Eighth 7,
    I Ninth 8,
    J Tenth 9,
    K Eleventh 10,
    L Twelfth 11);
