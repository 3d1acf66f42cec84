//! Sums of ids, from which a set's fingerprint is made.
//!
//! Owns the arithmetic: 256-bit numbers, little-endian, modulo 2^256, so that one id is added to
//! or taken from a sum without looking at the others. Whoever makes up ids can make two different
//! sets look equal; the ids are hashes of signed events, and a summary is a hint: what it hides
//! comes to light with the next event or the next horizon.

/// The sum of some ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum([u64; 4]);

impl Sum {
    pub(super) fn add(&mut self, id: &[u8; 32]) {
        self.add_lanes(lanes(id));
    }

    pub(super) fn subtract(&mut self, id: &[u8; 32]) {
        // The two's complement.
        let mut negated = lanes(id).map(|lane| !lane);
        let mut carry = true;
        for lane in &mut negated {
            (*lane, carry) = lane.overflowing_add(u64::from(carry));
        }
        self.add_lanes(negated);
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.add_lanes(other.0);
    }

    fn add_lanes(&mut self, other: [u64; 4]) {
        let mut carry = false;
        for (lane, other) in self.0.iter_mut().zip(other) {
            let (sum, over) = lane.overflowing_add(other);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*lane, carry) = (sum, over || over_again);
        }
    }

    /// BLAKE3 of the sum and the number of ids, cut to 16 bytes.
    pub(super) fn fingerprint(&self, count: u64) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        for lane in self.0 {
            hasher.update(&lane.to_le_bytes());
        }
        hasher.update(&count.to_le_bytes());
        let mut fingerprint = [0; 16];
        hasher.finalize_xof().fill(&mut fingerprint);
        fingerprint
    }
}

fn lanes(id: &[u8; 32]) -> [u64; 4] {
    std::array::from_fn(|lane| {
        let bytes = std::array::from_fn(|byte| id[lane * 8 + byte]);
        u64::from_le_bytes(bytes)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_taken_away_was_never_there(ids: Vec<[u8; 32]>, other: [u8; 32]) {
            let mut sum = Sum::default();
            ids.iter().for_each(|id| sum.add(id));
            let before = sum;
            sum.add(&other);
            sum.subtract(&other);
            prop_assert_eq!(sum, before);
            ids.iter().rev().for_each(|id| sum.subtract(id));
            prop_assert_eq!(sum, Sum::default());
        }
    }

    #[test]
    fn a_carry_goes_through_all_lanes() {
        let mut sum = Sum::default();
        sum.add(&[0xff; 32]);
        let mut one = [0; 32];
        one[0] = 1;
        sum.add(&one);
        assert_eq!(sum, Sum::default());
        sum.subtract(&one);
        assert_eq!(sum, Sum([u64::MAX; 4]));
    }

    #[test]
    fn the_number_counts_also_where_the_sums_are_equal() {
        let sum = Sum::default();
        assert_ne!(sum.fingerprint(0), sum.fingerprint(1));
    }
}
