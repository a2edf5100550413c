//! Properties money depends on.
