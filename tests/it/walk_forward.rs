//! Windows are independent runs; the future changes no choice.
