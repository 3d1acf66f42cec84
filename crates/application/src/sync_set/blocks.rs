//! Items in order, in blocks, with the sum of each block.
//!
//! Owns inserting, removing and finding by place in logarithmic time or nearly so: of a million
//! items one is moved in the middle by moving half a block and counting some thousand blocks.

use negentropy::Item;

use super::sum::Sum;

/// Items of the fullest block: 20 kB, as much as is moved at most.
const BLOCK_MAX: usize = 512;

/// Items of a block when many are put in at once; leaves room for some more.
const BLOCK_AT_FIRST: usize = 384;

#[derive(Debug, Clone)]
struct Block {
    /// The place of its first item.
    start: usize,
    items: Vec<Item>,
    sum: Sum,
}

impl Block {
    fn new(start: usize, items: Vec<Item>) -> Self {
        let mut sum = Sum::default();
        items.iter().for_each(|item| sum.add(&item.id.to_bytes()));
        Self { start, items, sum }
    }

    fn end(&self) -> usize {
        self.start + self.items.len()
    }
}

/// Items in order, each once. No block is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    blocks: Vec<Block>,
    total: Sum,
}

impl Blocks {
    /// Of items in any order.
    pub(super) fn new(mut items: Vec<Item>) -> Self {
        items.sort_unstable();
        items.dedup();
        let mut blocks = Self::default();
        for items in items.chunks(BLOCK_AT_FIRST) {
            let block = Block::new(blocks.len(), items.to_vec());
            blocks.total.add_all(&block.sum);
            blocks.blocks.push(block);
        }
        blocks
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, Block::end)
    }

    /// Does nothing when it is there already.
    pub(super) fn insert(&mut self, item: Item) {
        if self.blocks.is_empty() {
            self.blocks.push(Block::new(0, Vec::new()));
        }
        let at = self.block_of(&item);
        let block = &mut self.blocks[at];
        let Err(place) = block.items.binary_search(&item) else {
            return;
        };
        block.items.insert(place, item);
        block.sum.add(&item.id.to_bytes());
        self.total.add(&item.id.to_bytes());
        if block.items.len() > BLOCK_MAX {
            let upper = block.items.split_off(BLOCK_MAX / 2);
            let upper = Block::new(block.end(), upper);
            *block = Block::new(block.start, std::mem::take(&mut block.items));
            self.blocks.insert(at + 1, upper);
        }
        self.count_from(at);
    }

    /// Does nothing when it is not there.
    pub(super) fn remove(&mut self, item: &Item) {
        let at = self.block_of(item);
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let Ok(place) = block.items.binary_search(item) else {
            return;
        };
        block.items.remove(place);
        block.sum.subtract(&item.id.to_bytes());
        self.total.subtract(&item.id.to_bytes());
        if block.items.is_empty() {
            self.blocks.remove(at);
        }
        self.count_from(at);
    }

    /// Leaves the first `len` only.
    pub(super) fn truncate(&mut self, len: usize) {
        let whole = self.blocks.partition_point(|block| block.end() <= len);
        let mut last = match self.blocks.get_mut(whole) {
            Some(block) => std::mem::take(&mut block.items),
            None => return,
        };
        let start = self.blocks[whole].start;
        self.blocks.truncate(whole);
        last.truncate(len - start);
        if !last.is_empty() {
            self.blocks.push(Block::new(start, last));
        }
        self.total = Sum::default();
        for block in &self.blocks {
            self.total.add_all(&block.sum);
        }
    }

    /// The number of items before the first that is not less than `item`.
    pub(super) fn lower_bound(&self, item: &Item) -> usize {
        self.blocks.get(self.block_of(item)).map_or(0, |block| {
            block.start + block.items.partition_point(|other| other < item)
        })
    }

    /// Shows the items from `begin` to before `end` until one is answered by false.
    pub(super) fn each(&self, begin: usize, end: usize, mut visit: impl FnMut(&Item) -> bool) {
        let first = self.blocks.partition_point(|block| block.end() <= begin);
        for block in &self.blocks[first..] {
            if block.start >= end {
                return;
            }
            let from = begin.saturating_sub(block.start);
            let to = block.items.len().min(end - block.start);
            for item in block.items.get(from..to).unwrap_or_default() {
                if !visit(item) {
                    return;
                }
            }
        }
    }

    /// The number and sum of the first `end` items.
    pub(super) fn sum(&self, end: usize) -> (usize, Sum) {
        let end = end.min(self.len());
        if end == self.len() {
            return (end, self.total);
        }
        let whole = self.blocks.partition_point(|block| block.end() <= end);
        let mut sum = Sum::default();
        self.blocks[..whole]
            .iter()
            .for_each(|block| sum.add_all(&block.sum));
        let begin = self.blocks.get(whole).map_or(end, |block| block.start);
        self.each(begin, end, |item| {
            sum.add(&item.id.to_bytes());
            true
        });
        (end, sum)
    }

    /// The block in which an item is or would be: the last that does not begin after it.
    fn block_of(&self, item: &Item) -> usize {
        let after = self
            .blocks
            .partition_point(|block| block.items.first().is_none_or(|first| first <= item));
        after.saturating_sub(1)
    }

    fn count_from(&mut self, at: usize) {
        let mut start = match at {
            0 => 0,
            at => self.blocks[at - 1].end(),
        };
        for block in &mut self.blocks[at..] {
            block.start = start;
            start = block.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use negentropy::Id;
    use proptest::prelude::*;

    use super::*;

    fn item(n: u16) -> Item {
        let mut id = [0; 32];
        id[..2].copy_from_slice(&n.to_be_bytes());
        Item::with_timestamp_and_id(u64::from(n) / 3, Id::from_byte_array(id))
    }

    fn check(blocks: &Blocks, expected: &BTreeSet<Item>) {
        let expected: Vec<Item> = expected.iter().copied().collect();
        let mut all = Vec::new();
        blocks.each(0, usize::MAX, |item| {
            all.push(*item);
            true
        });
        assert_eq!(all, expected);
        assert_eq!(blocks.len(), expected.len());
        for end in [0, expected.len() / 3, expected.len() / 2, expected.len()] {
            let sum = Block::new(0, expected[..end].to_vec()).sum;
            assert_eq!(blocks.sum(end), (end, sum), "the sum of {end}");
        }
        for wanted in (0..u16::MAX).step_by(997).map(item) {
            let place = expected.partition_point(|other| *other < wanted);
            assert_eq!(blocks.lower_bound(&wanted), place);
            let mut found = None;
            blocks.each(place, place + 1, |item| {
                found = Some(*item);
                false
            });
            assert_eq!(found, expected.get(place).copied());
        }
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_list(
            first in prop::collection::vec(any::<u16>(), 0..2_000),
            changes in prop::collection::vec((any::<u16>(), any::<bool>()), 0..3_000),
        ) {
            let mut blocks = Blocks::new(first.iter().copied().map(item).collect());
            let mut model: BTreeSet<Item> = first.into_iter().map(item).collect();
            check(&blocks, &model);
            for (n, is_new) in changes {
                if is_new {
                    blocks.insert(item(n));
                    model.insert(item(n));
                } else {
                    blocks.remove(&item(n));
                    model.remove(&item(n));
                }
            }
            check(&blocks, &model);
            for len in [model.len() + 1, model.len() / 2, model.len() / 3] {
                blocks.truncate(len);
                model = model.into_iter().take(len).collect();
                check(&blocks, &model);
            }
            for left in model.clone() {
                blocks.remove(&left);
            }
            check(&blocks, &BTreeSet::new());
        }
    }
}
