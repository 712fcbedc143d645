# A private apt configuration beside the machine's own, for scripts here (sourced): packages of other releases and architectures, from
# wherever this machine's own sources come from.

# Where this machine's own release comes from.
machine_uri() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sed -n "s/^$codename //p" | head -1
}

# apt_private FOLDER SUITE ARCHITECTURE: sets APT, the arguments that make apt look at one suite only, in a folder of its own.
apt_private() {
    local folder=$1 suite=$2 arch=$3 uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    uri=$(machine_uri)
    [[ -e $keyring ]] || keyring=
    [[ -n $uri ]] || die "no apt source of this machine's release to derive $suite from"
    mkdir -p "$folder"/lists/partial "$folder"/archives/partial
    echo "deb [arch=$arch${keyring:+ signed-by=$keyring}] $uri $suite main" >"$folder/sources.list"
    : >"$folder/status"
    APT=(-q -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$folder/lists" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder"
        -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root -o APT::Install-Recommends=0
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
    apt-get "${APT[@]}" update >"$folder/log" 2>&1 || die "cannot update $suite from $uri: $(tail -3 "$folder/log")"
}
