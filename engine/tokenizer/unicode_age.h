// Which characters are too new for the reference's normalizers.
#pragma once

namespace bv2::engine::tokenizer {

/// Versions of Unicode that parts of Hugging Face tokenizers stay at: its categories (BERT's normalizer and
/// pre-tokenizer, Punctuation) at 8, its normalization forms and accents at 9. What came later is unassigned
/// there: not a mark, not punctuation, without decomposition. Ids must agree, so it is here too.
enum class UnicodeVersion { v8 = 8, v9 = 9 };

/// Whether a mark, a punctuation or format character, or a character with a decomposition is newer than that.
/// False for all other characters, whose age makes no difference.
bool is_newer_than(UnicodeVersion version, char32_t value);

}  // namespace bv2::engine::tokenizer
