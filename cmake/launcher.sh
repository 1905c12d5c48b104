# Shared by ./run_benchmarks, ./run_tests and .ci/run: packages, configuring and building.
# Expects `root`, the folder of the project.

complain() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# listed_packages WHO...: those that everybody needs, and those that one of WHO needs.
listed_packages() {
  local package who rest
  while read -r package who rest; do
    [[ -z $package || $package == \#* ]] && continue
    [[ -z $who || $who == \#* || " $* " == *" $who "* ]] && echo "$package"
  done <"$root/packages.txt"
  return 0
}

# missing_packages WHO...: one a line.
missing_packages() {
  local package
  for package in $(listed_packages "$@"); do
    # A package that another one provides (pkg-config by pkgconf) counts too.
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# install_packages WHO...: by apt-get, and only if any is missing.
install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    local tool
    for tool in cmake g++ ninja pkg-config; do
      command -v "$tool" >/dev/null ||
        complain "this is no Debian system and '$tool' is missing: install what packages.txt lists by your own means"
    done
    return 0
  fi
  local missing as_root=()
  missing=$(missing_packages "$@" | paste -sd ' ')
  [[ -z $missing ]] && return 0
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || complain "packages are missing, and neither root nor sudo is here; as root: apt-get install $missing"
    as_root=(sudo)
  fi
  echo "installing $missing" >&2
  local list=() package
  for package in $missing; do list+=("$package"); done
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -q)
  "${apt[@]}" update >&2 || echo "apt-get update failed; trying with the lists that are here" >&2
  "${apt[@]}" install -y --no-install-recommends "${list[@]}" >&2 ||
    complain "apt-get could not install: $missing"
}

# The files that a build is made from. Changed means: their content, name or rights since the last build.
readonly source_folders=(app base benches cmake engine framework perf schemas tests)
readonly source_files=(CMakeLists.txt CMakePresets.json packages.txt)

# up_to_date STAMP: nothing was edited, added, moved or removed since the stamp was made. Folders count, because
# removing a file changes only its folder; and the time of the last status change rather than of the content, because
# copying and unpacking set the latter to a time in the past. Takes 10 ms, a ninja that finds nothing to do 0.2 s.
up_to_date() {
  [[ -f $1 ]] || return 1
  local present=() path
  for path in "${source_folders[@]}" "${source_files[@]}"; do
    [[ -e $root/$path ]] && present+=("$root/$path")
  done
  [[ -z $(find "${present[@]}" -newercm "$1" -print -quit) ]]
}

# build PRESET WHO TARGETS...: brings build/PRESET up to date. Two at once wait for each other.
build() {
  local preset=$1 who=$2 folder=$root/build/$1
  shift 2
  local stamp=$folder/.built
  up_to_date "$stamp" && return 0
  mkdir -p "$folder"
  exec {lock}>"$folder/.lock"
  flock "$lock"
  if ! up_to_date "$stamp"; then
    install_packages "$who"
    # Made before the build, so that what is edited during it is seen the next time.
    touch "$stamp.new"
    forget_moved_build "$folder"
    local log=$folder/.configure.log
    (cd "$root" && cmake --preset "$preset") >"$log" 2>&1 || {
      cat "$log" >&2
      complain "cmake could not configure the preset '$preset' (above)"
    }
    echo "building ($preset)" >&2
    (cd "$root" && cmake --build "build/$preset" -- "$@") >&2 || complain "the build failed (above)"
    mv "$stamp.new" "$stamp"
  fi
  exec {lock}>&-
}

# CMake refuses a build folder that was copied or moved with the project.
forget_moved_build() {
  local cache=$1/CMakeCache.txt
  [[ -f $cache ]] || return 0
  grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache" || rm -rf "$cache" "$1/CMakeFiles"
}
