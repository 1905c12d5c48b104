// Reading a vocabulary.
#include "engine/tokenizer/vocabulary.h"

#include "base/json.h"

namespace bv2::engine::tokenizer {

Vocabulary::Vocabulary(const ConfigNode& node) {
  const nlohmann::json& object = node.json();
  if (!object.is_object())
    node.fail(fmt::format("an object of tokens and ids was expected, found {}", object.type_name()));
  reserve(object.size());
  for (auto member = object.begin(); member != object.end(); ++member) {
    const auto& value = member.value();
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest_token_id) {
      node.fail(fmt::format("the id of the token {} is not an integer from 0 to {}", in_quotes(member.key()),
                            largest_token_id));
    }
    add(member.key(), value.get<std::uint32_t>());
  }
}

void Vocabulary::reserve(std::size_t tokens) {
  ids_.reserve(tokens);
  tokens_.reserve(tokens);
}

void Vocabulary::add(std::string token, std::uint32_t id) {
  const auto [entry, is_new] = ids_.insert_or_assign(std::move(token), id);
  tokens_[id] = &entry->first;
}

}  // namespace bv2::engine::tokenizer
