//! A PCI function, as `list` and `info` both show it.
//!
//! | field | |
//! |---|---|
//! | `address` | string |
//! | `vendor`, `device` | string of four hexadecimal digits |
//! | `driver` | string, or null if it is bound to none |
//! | `iommu_group` | object, or null if no IOMMU isolates it: `number`, as in `/dev/vfio/<number>`; `no_iommu`, true if there is no IOMMU behind it (then it is `/dev/vfio/noiommu-<number>`); `members`, an array of all functions in it, the function itself included: `device`, `driver`, and `in_the_way`, true if that driver keeps programs from opening the group |
//! | `numa_node` | number, or null if the firmware does not say |
//! | `interfaces` | array of the network interfaces that a host driver made of it: `name`, `mac` |

use barline::pci::{IommuGroup, PciDevice};
use serde::Serialize;

#[derive(Serialize)]
pub struct Function {
    pub address: String,
    pub vendor: String,
    pub device: String,
    pub driver: Option<String>,
    pub iommu_group: Option<Group>,
    pub numa_node: Option<u32>,
    pub interfaces: Vec<Interface>,
}

#[derive(Serialize)]
pub struct Group {
    pub number: u32,
    pub no_iommu: bool,
    pub members: Vec<Member>,
}

#[derive(Serialize)]
pub struct Member {
    pub device: String,
    pub driver: Option<String>,
    pub in_the_way: bool,
}

#[derive(Serialize)]
pub struct Interface {
    pub name: String,
    pub mac: Option<String>,
}

impl Function {
    pub fn of(device: &PciDevice) -> barline::Result<Function> {
        let ids = device.ids()?;
        let interfaces = device.interfaces()?.into_iter().map(|interface| Interface {
            name: interface.name,
            mac: interface.mac.map(|mac| mac.to_string()),
        });
        Ok(Function {
            address: device.address().to_string(),
            vendor: format!("{:04x}", ids.vendor),
            device: format!("{:04x}", ids.device),
            driver: device.driver()?,
            iommu_group: device.iommu_group()?.map(Group::of),
            numa_node: device.numa_node()?,
            interfaces: interfaces.collect(),
        })
    }

    /// The first MAC that a network interface has.
    pub fn mac(&self) -> Option<String> {
        self.interfaces.iter().find_map(|interface| interface.mac.clone())
    }
}

impl Group {
    fn of(group: IommuGroup) -> Group {
        let members = group.members.into_iter().map(|member| Member {
            in_the_way: member.is_in_the_way(),
            device: member.device,
            driver: member.driver,
        });
        Group { number: group.number, no_iommu: group.no_iommu, members: members.collect() }
    }

    /// The members besides `address`, each as `BDF (driver)`.
    pub fn others(&self, address: &str, only_in_the_way: bool) -> Vec<String> {
        self.members
            .iter()
            .filter(|member| member.device != address)
            .filter(|member| member.in_the_way || !only_in_the_way)
            .map(|member| {
                format!("{} ({})", member.device, member.driver.as_deref().unwrap_or("no driver"))
            })
            .collect()
    }
}
