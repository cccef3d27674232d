use std::collections::BTreeSet;

/// Gives people to needs: each to one that it may fill, and as many people as can be placed at all.
///
/// `places` says how many people each need takes, `fits` which needs each person may fill. Gives the
/// people of each need. This is a matching in a bipartite graph by augmenting paths: a person who
/// finds every place taken asks those who are there to move.
pub(super) fn assign(places: &[u32], fits: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let mut table = Table {
        places,
        fits,
        seated: vec![Vec::new(); places.len()],
    };
    for person in 0..fits.len() {
        table.seat(person, &mut BTreeSet::new());
    }
    table.seated
}

struct Table<'a> {
    places: &'a [u32],
    fits: &'a [BTreeSet<usize>],
    seated: Vec<Vec<usize>>,
}

impl Table<'_> {
    /// Finds a place for a person, and says whether there was one. `asked` are needs that were looked
    /// at for this person before.
    fn seat(&mut self, person: usize, asked: &mut BTreeSet<usize>) -> bool {
        let Some(fits) = self.fits.get(person) else {
            return false;
        };
        for need in fits {
            if !asked.insert(*need) {
                continue;
            }
            let (Some(places), Some(seated)) = (self.places.get(*need), self.seated.get(*need))
            else {
                continue;
            };
            let is_free = u32::try_from(seated.len()).is_ok_and(|taken| taken < *places);
            if is_free {
                self.take(*need, person);
                return true;
            }
            for other in seated.clone() {
                if self.seat(other, asked) {
                    if let Some(seated) = self.seated.get_mut(*need) {
                        seated.retain(|seated| *seated != other);
                    }
                    self.take(*need, person);
                    return true;
                }
            }
        }
        false
    }

    fn take(&mut self, need: usize, person: usize) {
        if let Some(seated) = self.seated.get_mut(need) {
            seated.push(person);
        }
    }
}
