//! Makes of one table of recommenders the type [`super::BaselineConfig`] and all that is asked of a kind.

/// Takes the entries of all kinds; see the table for what an entry holds.
///
/// `default`, `sweep` and the pattern of `fit` are the variant's fields without its name, so that an entry cannot speak of
/// another variant. `fit` gives the recommender itself, or the error.
macro_rules! recommenders {
    ($(
        $(#[$doc:meta])*
        $name:literal => $variant:ident $fields:tt {
            default: $default:tt,
            $(sweep: |$random:ident| $drawn:tt,)?
            character: $character:tt,
            needs_item_vectors: $needs_item_vectors:literal,
            fit: $settings:tt => |$inputs:pat_param, $seeds:pat_param| $fit:expr,
        }
    )+) => {
        /// A recommender and its settings.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", deny_unknown_fields)]
        pub enum BaselineConfig {
            $(
                $(#[$doc])*
                #[serde(rename = $name)]
                $variant $fields,
            )+
        }

        impl BaselineConfig {
            /// The names of all kinds.
            pub const KINDS: &'static [&'static str] = &[$($name),+];

            /// The name of the kind, which is the recommender's own: `ease`.
            #[must_use]
            pub const fn kind_name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)+
                }
            }

            /// What a kind is like; `None` for a name that is no kind.
            #[must_use]
            pub fn character_of(kind: &str) -> Option<Character> {
                match kind {
                    $($name => Some(Character $character),)+
                    _ => None,
                }
            }

            /// The settings of a kind that hold without a search; `None` for a name that is no kind.
            #[must_use]
            pub fn default_of(kind: &str) -> Option<Self> {
                match kind {
                    $($name => Some(Self::$variant $default),)+
                    _ => None,
                }
            }

            /// Settings drawn from the space that the variant's description names; `None` for a name that is no kind, or
            /// has nothing to choose.
            #[must_use]
            pub fn sample(kind: &str, random: &mut RandomStream) -> Option<Self> {
                match kind {
                    $($(
                        $name => {
                            let $random = random;
                            Some(Self::$variant $drawn)
                        }
                    )?)+
                    _ => None,
                }
            }

            /// Whether it needs item vectors.
            #[must_use]
            pub const fn needs_item_vectors(&self) -> bool {
                match self {
                    $(Self::$variant { .. } => $needs_item_vectors,)+
                }
            }

            /// Fits the recommender.
            ///
            /// # Errors
            ///
            /// Refuses settings out of their range, and missing item vectors.
            pub fn fit(
                &self,
                inputs: &FitInputs<'_>,
                seeds: Seeds,
            ) -> Result<Box<dyn Recommender>, BaselineError> {
                match self.clone() {
                    $(Self::$variant $settings => boxed(inputs, seeds, |$inputs, $seeds| $fit),)+
                }
            }
        }
    };
}

pub(super) use recommenders;
