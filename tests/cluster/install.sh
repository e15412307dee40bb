#!/usr/bin/env bash
# Install Slurm for the tests of this folder, on Debian as root. Elsewhere, do nothing: the tests are skipped.
set -euo pipefail

if ! grep -qsE '^ID(_LIKE)?=.*debian' /etc/os-release || [ "$(id -u)" != 0 ]; then
    echo "Slurm is not installed: that takes Debian and root."
    exit 0
fi
missing=
for program in munged slurmctld slurmd sbatch; do
    command -v $program > /dev/null || missing="$missing $program"
done
if [ -z "$missing" ]; then
    exit 0
fi

# Keep the packages from starting their daemons, which have no configuration yet.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends munge slurmctld slurmd slurm-client > /dev/null
