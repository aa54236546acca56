# Makes /opt/autograder with what the project needs, for DEVICE (cpu or gpu); run by the Containerfile in /build.
set -eu
case "$1" in
    cpu) extra="" ;;
    gpu) extra="tensorflow[and-cuda]" ;;
    *) echo "DEVICE (=$1) must be cpu or gpu" >&2; exit 1 ;;
esac
cd /build
python3 -m venv --without-pip /opt/autograder
python3 -c 'import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = [one for name in ("keras", "cluster", "course") for one in project["optional-dependencies"][name] if "[" not in one]
print(*project["dependencies"], *extras, "setuptools", "wheel", sep="\n")' > wanted.txt
/opt/pip/bin/pip --python /opt/autograder --disable-pip-version-check install --only-binary=:all: \
    --constraint requirements.lock --constraint image.lock --requirement wanted.txt $extra
# Ours is in a folder of its own: a sandbox shows this one, and not that one.
packages="$(/opt/autograder/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
echo 'import site; site.addsitedir("/opt/ours")' > "$packages/_autograder.pth"
