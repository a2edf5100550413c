//! Windows over the development range, the choice in each, and the stitched out-of-sample result.
