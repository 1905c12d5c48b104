// An encoder of the BERT kind in plain float64 loops.
#include "support/plain_encoder.h"

#include <cmath>

namespace bv2::test {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

std::string of_layer(std::string name, std::int64_t layer) {
  const std::size_t place = name.find("{}");
  return place == std::string::npos ? name : name.replace(place, 2, std::to_string(layer));
}

class Encoder {
 public:
  Encoder(const PlainParameters& parameters, const PlainEncoderNames& names, const PlainEncoderSizes& sizes)
      : parameters_(parameters), names_(names), sizes_(sizes) {}

  Rows run(const std::vector<std::int64_t>& ids) {
    Rows x;
    for (std::size_t t = 0; t < ids.size(); ++t) x.push_back(embedded(ids[t], static_cast<std::int64_t>(t)));
    for (layer_ = 0; layer_ < sizes_.layers; ++layer_) {
      const Rows mixed = attention(x);
      for (std::size_t t = 0; t < x.size(); ++t) {
        x[t] = norm(sum(linear(mixed[t], names_.output, sizes_.hidden), x[t]), names_.attention_norm);
        Row wide = linear(x[t], names_.up, sizes_.intermediate);
        for (double& value : wide) value = value / 2 * (1 + std::erf(value / std::sqrt(2.0)));
        x[t] = norm(sum(linear(wide, names_.down, sizes_.hidden), x[t]), names_.mlp_norm);
      }
    }
    return x;
  }

 private:
  const Row& parameter(const std::string& name) const { return parameters_.at(of_layer(name, layer_)); }

  Row table_row(const std::string& table, std::int64_t index) const {
    const Row& values = parameter(table + ".weight");
    Row row;
    for (std::int64_t i = 0; i < sizes_.hidden; ++i) {
      row.push_back(values.at(static_cast<std::size_t>(index * sizes_.hidden + i)));
    }
    return row;
  }

  static Row sum(const Row& a, const Row& b) {
    Row result;
    for (std::size_t i = 0; i < a.size(); ++i) result.push_back(a[i] + b.at(i));
    return result;
  }

  Row embedded(std::int64_t id, std::int64_t token) const {
    Row row = sum(table_row(names_.words, id), table_row(names_.positions, sizes_.first_position + token));
    if (sizes_.segments > 0) row = sum(row, table_row(names_.segments, 0));
    return norm(row, names_.embedding_norm);
  }

  Row norm(const Row& x, const std::string& name) const {
    const Row& weight = parameter(name + ".weight");
    const Row& bias = parameter(name + ".bias");
    const auto count = static_cast<double>(x.size());
    double mean = 0;
    for (const double value : x) mean += value / count;
    double variance = 0;
    for (const double value : x) variance += (value - mean) * (value - mean) / count;
    Row result;
    for (std::size_t i = 0; i < x.size(); ++i) {
      result.push_back((x[i] - mean) / std::sqrt(variance + sizes_.epsilon) * weight.at(i) + bias.at(i));
    }
    return result;
  }

  Row linear(const Row& x, const std::string& name, std::int64_t outputs) const {
    const Row& weight = parameter(name + ".weight");
    Row result = parameter(name + ".bias");
    for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
      for (std::size_t i = 0; i < x.size(); ++i) result.at(o) += weight.at(o * x.size() + i) * x[i];
    }
    return result;
  }

  Rows attention(const Rows& x) const {
    Rows q, k, v, mixed(x.size(), Row(x.at(0).size()));
    for (const Row& row : x) {
      q.push_back(linear(row, names_.q, sizes_.hidden));
      k.push_back(linear(row, names_.k, sizes_.hidden));
      v.push_back(linear(row, names_.v, sizes_.hidden));
    }
    const auto size = static_cast<std::size_t>(sizes_.hidden / sizes_.heads);
    for (std::size_t head = 0; head < static_cast<std::size_t>(sizes_.heads); ++head) {
      for (std::size_t t = 0; t < x.size(); ++t) {
        Row weight;
        double total = 0;
        for (std::size_t s = 0; s < x.size(); ++s) {
          double score = 0;
          for (std::size_t d = head * size; d < (head + 1) * size; ++d) score += q[t][d] * k[s][d];
          weight.push_back(std::exp(score / std::sqrt(static_cast<double>(size))));
          total += weight.back();
        }
        for (std::size_t s = 0; s < x.size(); ++s) {
          for (std::size_t d = head * size; d < (head + 1) * size; ++d)
            mixed[t][d] += weight[s] / total * v[s][d];
        }
      }
    }
    return mixed;
  }

  const PlainParameters& parameters_;
  const PlainEncoderNames& names_;
  const PlainEncoderSizes& sizes_;
  std::int64_t layer_ = 0;
};

}  // namespace

std::vector<double> plain_encoder(const PlainParameters& parameters, const PlainEncoderNames& names,
                                  const PlainEncoderSizes& sizes, const std::vector<std::int64_t>& ids) {
  std::vector<double> all;
  for (const Row& row : Encoder(parameters, names, sizes).run(ids))
    all.insert(all.end(), row.begin(), row.end());
  return all;
}

}  // namespace bv2::test
