//! Windows, efficiency, stitching.
